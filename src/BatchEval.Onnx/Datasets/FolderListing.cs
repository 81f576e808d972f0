namespace BatchEval.Onnx.Datasets;

/// <summary>
/// All files of a folder and its subfolders, at any depth and through links to folders. Hidden files and folders are left out. What would change the number of
/// files silently is refused: a folder that is reached twice, one that cannot be read, a link that leads nowhere.
/// </summary>
internal static class FolderListing
{
    /// <summary>Full paths, in no particular order.</summary>
    /// <exception cref="InvalidDataException">The folder does not give each of its files exactly once.</exception>
    public static IReadOnlyList<string> Files(string folder)
    {
        var files = new List<string>();
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        var open = new Stack<(string Path, string Real)>([(folder, RealPath(folder))]);
        while (open.TryPop(out var next))
        {
            if (!seen.TryAdd(next.Real, next.Path))
            {
                throw new InvalidDataException($"'{next.Path}' is the same folder as '{seen[next.Real]}', which is read already: its images would count twice. Remove the link.");
            }

            foreach (FileSystemInfo entry in Entries(next.Path).Where(entry => !entry.Name.StartsWith('.')))
            {
                FileSystemInfo target = entry.LinkTarget is null ? entry : Resolved(entry);
                if (target is DirectoryInfo)
                {
                    open.Push((entry.FullName, entry.LinkTarget is null ? Path.Combine(next.Real, entry.Name) : RealPath(target.FullName)));
                }
                else
                {
                    files.Add(entry.FullName);
                }
            }
        }

        return files;
    }

    private static FileSystemInfo[] Entries(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).GetFileSystemInfos("*", new EnumerationOptions { IgnoreInaccessible = false, AttributesToSkip = 0 });
        }
        catch (UnauthorizedAccessException)
        {
            throw new InvalidDataException($"The folder '{folder}' may not be read; its images would be left out silently. Allow it, or move the folder away.");
        }
    }

    private static FileSystemInfo Resolved(FileSystemInfo link)
    {
        try
        {
            if (link.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target)
            {
                return target;
            }
        }
        catch (IOException)
        {
            // Links that lead to each other.
        }

        throw new InvalidDataException($"'{link.FullName}' is a link to '{link.LinkTarget}', which does not exist. Restore the target, or remove the link.");
    }

    // The path without links in any of its parts.
    private static string RealPath(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string? parent = Path.GetDirectoryName(full);
        if (parent is null)
        {
            return full;
        }

        var here = new DirectoryInfo(Path.Combine(RealPath(parent), Path.GetFileName(full)));
        return here.LinkTarget is null ? here.FullName : RealPath(Resolved(here).FullName);
    }
}
