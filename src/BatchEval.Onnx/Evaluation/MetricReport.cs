using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Onnx.Evaluation;

/// <summary>A metric that was not computed.</summary>
/// <param name="Reason">Why, in words.</param>
public sealed record SkippedMetric(string Metric, string Reason);

/// <summary>Scores of one set of images against another.</summary>
/// <param name="Scores">The scores, each with what it was computed from.</param>
/// <param name="Skipped">Metrics that could not be computed.</param>
/// <param name="Warnings">What readers of the scores should know.</param>
public sealed record MetricReport(IReadOnlyList<MetricScore> Scores, IReadOnlyList<SkippedMetric> Skipped, IReadOnlyList<string> Warnings);

/// <summary>Collects a <see cref="MetricReport"/>.</summary>
internal sealed class ReportBuilder
{
    private readonly List<MetricScore> scores = [];
    private readonly List<SkippedMetric> skipped = [];
    private readonly List<string> warnings = [];

    public void Add(Metric metric, MetricOutcome outcome, ScoreProvenance provenance)
    {
        if (outcome.Score is { } score)
        {
            scores.Add(new MetricScore(score, provenance with { Metric = metric.ReportKey }));
        }
        else
        {
            skipped.Add(new SkippedMetric(metric.ReportKey, outcome.Reason!));
        }
    }

    public void Warn(string? warning)
    {
        if (warning is not null && !warnings.Contains(warning))
        {
            warnings.Add(warning);
        }
    }

    public MetricReport Build() => new(scores, skipped, warnings);
}
