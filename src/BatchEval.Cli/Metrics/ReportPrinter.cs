using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Evaluation;
using Spectre.Console;

namespace BatchEval.Cli.Metrics;

/// <summary>Shows reports to people.</summary>
internal sealed class ReportPrinter(Output output)
{
    private const int ShortDigest = 12;

    /// <summary>Shows scores, what was left out, and warnings.</summary>
    public void Print(MetricReport report)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns(["metric", "score", "± error", "samples", "better", "how"]);
        foreach (var (score, provenance) in report.Scores.Select(s => (s.Score, s.Provenance)))
        {
            table.AddRow(
                Markup.Escape(provenance.Metric), Text(score.Value, "G8"), Text(score.StandardError, "G3"), score.SampleCount > 0 ? $"{score.SampleCount}" : "?",
                MetricCatalog.Find(provenance.Metric).HigherIsBetter ? "higher" : "lower", Markup.Escape(score.Method));
        }

        output.Draw(table);
        foreach (var group in report.Scores.GroupBy(s => s.Provenance with { Metric = string.Empty }))
        {
            var p = group.Key;
            output.Line($"{string.Join(", ", group.Select(s => s.Provenance.Metric))}:");
            output.Line($"  preprocessing {p.Preprocessing}; network {Short(p.NetworkDigest)}; reference {Short(p.ReferenceDigest)}");
        }

        foreach (var skipped in report.Skipped)
        {
            output.Line($"left out: {skipped.Metric}: {skipped.Reason}");
        }

        foreach (var warning in report.Warnings)
        {
            output.Line($"warning: {warning}");
        }
    }

    /// <summary>Shows differences to an earlier report, or why there are none.</summary>
    /// <returns>Whether anything could be compared.</returns>
    public bool PrintDifferences(MetricReport report, IReadOnlyList<MetricScore> earlier, string name)
    {
        var any = false;
        output.Line();
        output.Line($"compared with {name} (this minus that):");
        foreach (var score in report.Scores)
        {
            var metric = score.Provenance.Metric;
            if (earlier.FirstOrDefault(e => e.Provenance.Metric == metric) is not { } other)
            {
                output.Line($"  {metric}: not there");
            }
            else if (score.Provenance.ReasonNotComparable(other.Provenance) is { } reason)
            {
                output.Line($"  {metric}: {reason}");
            }
            else
            {
                any = true;
                var difference = score.DifferenceTo(other);
                var counts = score.Score.SampleCount == other.Score.SampleCount ? string.Empty : $" (samples: {score.Score.SampleCount} and {other.Score.SampleCount}; biased metrics do not compare)";
                output.Line($"  {metric}: {Text(difference.Value, "G6")} ± {Text(difference.StandardError, "G3")}{counts}");
            }
        }

        return any;
    }

    private static string Text(double value, string format) => double.IsNaN(value) ? "-" : value.ToString(format, CultureInfo.InvariantCulture);

    private static string Short(string digest) => digest.Length == 0 ? "none" : digest.Length <= ShortDigest ? digest
        : digest.StartsWith("file-sha256:", StringComparison.Ordinal) ? digest[..(12 + ShortDigest)] : digest[..ShortDigest];
}
