using System.Globalization;
using System.Text;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports;

/// <summary>Writes scores as comma-separated values, one line per candidate, best first.</summary>
public static class LeaderboardCsv
{
    private static readonly (string Name, Func<CandidateScore, object?> Value)[] First =
    [
        ("id", s => s.Id), ("name", s => s.Name), ("role", s => s.Role.ToString().ToLowerInvariant()), ("networkCalls", s => s.NetworkCalls),
        ("objective", s => s.Objective), ("objectiveError", s => s.ObjectiveError),
        ("macs", s => s.Macs), ("milliseconds", s => s.Milliseconds), ("peakBytes", s => s.PeakBytes),
    ];

    private static readonly (string Name, Func<CandidateScore, object?> Value)[] Last =
    [
        ("solver", s => s.Candidate.Solver), ("times", s => string.Join(' ', s.Candidate.Steps.Select(t => t.Time.ToString(CultureInfo.InvariantCulture)))),
        ("drops", s => s.Candidate.Steps.All(t => t.Drop.Count == 0) ? null : string.Join(' ', s.Candidate.Steps.Select(t => t.Drop.Count == 0 ? "-" : string.Join('+', t.Drop)))),
        ("failure", s => s.Failure),
    ];

    // The standard metrics always have their columns, others where something was measured.
    private static IEnumerable<(string Name, Func<CandidateScore, object?> Value)> Columns(IReadOnlyList<CandidateScore> scores) =>
    [
        .. First,
        .. MetricCatalog.All.Where(m => m.IsStandard || scores.Any(s => s.Of(m.Key) is not null)).SelectMany(Columns),
        .. Last,
    ];

    private static IEnumerable<(string Name, Func<CandidateScore, object?> Value)> Columns(Metric metric)
    {
        yield return (metric.Member, s => s.Of(metric.Key)?.Value);
        yield return (metric.Member + "Error", s => s.Of(metric.Key)?.Error);
        yield return (metric.Member + "Samples", s => s.Of(metric.Key)?.Samples);
    }

    public static string Write(IEnumerable<CandidateScore> scores)
    {
        var all = scores.ToList();
        var columns = Columns(all).ToList();
        var text = new StringBuilder().AppendJoin(',', columns.Select(c => c.Name)).Append('\n');
        foreach (var score in all)
        {
            text.AppendJoin(',', columns.Select(c => Field(c.Value(score)))).Append('\n');
        }

        return text.ToString();
    }

    private static string Field(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
        return text.AsSpan().IndexOfAny("\",\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
