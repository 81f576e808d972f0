using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>One column of scores as people read it: PSNR and SSIM are not negated here.</summary>
/// <param name="Key">Name in the page's data.</param>
/// <param name="Label">Name for people.</param>
/// <param name="Unit">Unit with a leading space that no line breaks at, or empty.</param>
/// <param name="HigherIsBetter">Which way is good.</param>
/// <param name="Direction">Says which way is good.</param>
internal sealed record ReportMetric(
    string Key, string Label, string Unit, bool HigherIsBetter, string Direction, Func<CandidateScore, double?> Value, Func<CandidateScore, double?> Error)
{
    private static readonly ReportMetric[] Known =
        [.. MetricCatalog.All.Select(m => new ReportMetric(m.Member, m.Label, m.Unit.Length == 0 ? string.Empty : "\u00A0" + m.Unit, m.HigherIsBetter, m.Direction, s => s.Of(m.Key)?.Value, s => s.Of(m.Key)?.Error))];

    /// <summary>The metric that a run minimised, read from the objective itself.</summary>
    public static ReportMetric Objective(string name)
    {
        var known = Array.Find(Known, m => m.Key == name || m.Key == MetricCatalog.All.FirstOrDefault(c => c.Key == name)?.Member) ?? new ReportMetric(name, name.ToUpperInvariant(), "", false, "lower is better", _ => null, _ => null);
        var sign = known.HigherIsBetter ? -1 : 1;
        return known with { Value = s => s.Failure is null ? ReportNumbers.Finite(sign * s.Objective) : null, Error = s => ReportNumbers.Finite(s.ObjectiveError) };
    }

    /// <summary>The objective first, then every other metric that at least one score has.</summary>
    public static IReadOnlyList<ReportMetric> Shown(string objective, IReadOnlyList<CandidateScore> scores) =>
        [Objective(objective), .. Known.Where(m => m.Key != Objective(objective).Key && scores.Any(s => ReportNumbers.Finite(m.Value(s)) is not null))];

    public double? Best(IEnumerable<CandidateScore> scores)
    {
        if (MetricCatalog.All.Any(m => m.Member == Key && m.OfImage is not null))
        {
            return null;
        }

        var values = scores.Select(s => ReportNumbers.Finite(Value(s)));
        return HigherIsBetter ? values.Max() : values.Min();
    }

    /// <summary>The value with its error and unit, or a dash.</summary>
    public string Text(CandidateScore score) =>
        ReportNumbers.Finite(Value(score)) is { } value ? ReportNumbers.WithError(value, Error(score)) + Unit : "–";
}
