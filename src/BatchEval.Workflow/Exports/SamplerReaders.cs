namespace BatchEval.Workflow.Exports;

/// <summary>
/// The Python programs that read <c>sampler.json</c>. In the source tree they share <c>rows.py</c>; what is handed over is one file each, with
/// <c>rows.py</c> in place of the line that imports it.
/// </summary>
internal static class SamplerReaders
{
    public static IReadOnlyList<string> Names { get; } = ["sampler.py", "diffusers_scheduler.py", "comfyui_node.py"];

    /// <summary>A program without imports of files beside it.</summary>
    public static string Program(string name) => string.Join('\n', Read(name).Split('\n').Select(line => line.StartsWith("from rows import ", StringComparison.Ordinal) ? Read("rows.py").TrimEnd() : line));

    private static string Read(string name)
    {
        using var stream = typeof(SamplerReaders).Assembly.GetManifestResourceStream($"BatchEval.Exports/{name}") ?? throw new InvalidOperationException($"{name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
