namespace BatchEval.Onnx.Runtime;

/// <summary>Finds the native ONNX Runtime Extensions library (image codecs, tokenizers) that lies beside the program.</summary>
public static class OrtExtensionsLibrary
{
    private static readonly Lazy<string> Located = new(Locate);

    /// <summary>Full path, for <c>SessionOptions.RegisterCustomOpLibrary</c>.</summary>
    /// <exception cref="FileNotFoundException">The library is not part of this installation.</exception>
    public static string Path => Located.Value;

    private static string Locate()
    {
        (string rid, string file) = OperatingSystem.IsWindows() ? ("win-x64", "ortextensions.dll")
            : OperatingSystem.IsMacOS() ? ("osx.10.14-arm64", "libortextensions.dylib")
            : ("linux-x64", "libortextensions.so");

        string[] candidates = [.. Folders(rid).Select(folder => System.IO.Path.Combine(folder, file))];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(
                $"The ONNX Runtime Extensions library was not found; looked at: {string.Join(", ", candidates)}", file);
    }

    private static IEnumerable<string> Folders(string rid)
    {
        // Portable build, then self-contained publish, then whatever folders the host was told to probe.
        yield return System.IO.Path.Combine(AppContext.BaseDirectory, "runtimes", rid, "native");
        yield return AppContext.BaseDirectory;
        string probed = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        foreach (string folder in probed.Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            yield return folder;
    }
}
