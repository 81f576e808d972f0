using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Results;

/// <summary>Copies what a finished run hands over from the store into a local folder.</summary>
internal static class RunExport
{
    private static readonly string[] Files = ["spec.json", "leaderboard.json", "leaderboard.csv", "pareto.csv", "prompt-scores.json", "report.html"];

    /// <summary>Copies the files.</summary>
    /// <returns>Path of the report, or null if the run has none.</returns>
    public static async Task<string?> WriteAsync(RunStore store, string run, string folder, CancellationToken cancellation)
    {
        var best = (await store.ListAsync(BlobNames.Best(run, string.Empty), cancellation)).Select(b => b.Name);
        foreach (var name in Files.Select(file => BlobNames.Result(run, file)).Concat(best))
        {
            if (await store.ReadAsync(name, cancellation) is { } content)
            {
                var path = Path.Combine(folder, name[(run.Length + 1)..]);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllBytesAsync(path, content, cancellation);
            }
        }

        var report = Path.Combine(folder, "report.html");
        return File.Exists(report) ? report : null;
    }
}
