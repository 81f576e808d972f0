namespace BatchEval.Onnx.Runtime;

/// <summary>Files as they are read: through symbolic links, as Hugging Face caches are made of.</summary>
internal static class LinkedFile
{
    /// <summary>The file itself, with its own length and time; a link's own are those of the link.</summary>
    /// <exception cref="InvalidDataException">A link leads nowhere.</exception>
    public static FileInfo Of(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not { } target)
        {
            return file;
        }

        try
        {
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } final)
            {
                return final;
            }
        }
        catch (IOException)
        {
            // Links that lead to each other.
        }

        throw new InvalidDataException($"'{path}' is a link to '{target}', which does not exist. Restore the target, or remove the link.");
    }
}
