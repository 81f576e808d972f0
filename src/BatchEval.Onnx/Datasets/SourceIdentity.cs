namespace BatchEval.Onnx.Datasets;

/// <summary>Digests of what a source reads, cheap enough to compute before reading it.</summary>
public static class SourceIdentity
{
    /// <summary>Digest of a kind of source and of lines that describe its parts.</summary>
    public static string Of(string kind, IEnumerable<string> parts) => Digest.Of(string.Join('\n', parts.Prepend(kind)));

    internal static string OfFiles(string kind, string root, IEnumerable<string> files) => Of(kind, files.Select(file =>
    {
        var info = LinkedFile.Of(file);
        return $"{Path.GetRelativePath(root, file).Replace('\\', '/')} {info.Length} {info.LastWriteTimeUtc.Ticks}";
    }));

    internal static string OfFile(string kind, string file) => OfFiles(kind, Path.GetDirectoryName(Path.GetFullPath(file))!, [file]);
}
