namespace BatchEval.Onnx.Runtime;

/// <summary>Files as they are read: through symbolic links, as Hugging Face caches are made of.</summary>
public static class LinkedFile
{
    /// <summary>The file itself, with its own length and time; a link's own are those of the link.</summary>
    public static FileInfo Of(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true) is FileInfo target ? target : new FileInfo(path);
}
