using BatchEval.Workflow.Local;

namespace BatchEval.Cli.Progress;

/// <summary>Passes progress on, and says once for each other process that it works on the same run.</summary>
/// <param name="writer">Takes the words.</param>
internal sealed class SharedRunNotice(IProgress<RoundProgress> next, TextWriter writer) : IProgress<RoundProgress>
{
    private readonly HashSet<string> named = new(StringComparer.Ordinal);

    public void Report(RoundProgress value)
    {
        if (value.Elsewhere is { } other && named.Add(other))
        {
            writer.WriteLine($"{other} works on run {value.RunId} too; this process computes other units of it.");
        }

        next.Report(value);
    }
}
