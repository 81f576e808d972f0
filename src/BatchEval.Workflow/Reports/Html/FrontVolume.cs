using BatchEval.Core.Search;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>Hypervolume of the front of quality against network calls.</summary>
/// <param name="Value">The area that the front dominates; larger is better.</param>
/// <param name="Calls">Where the area ends: a tenth more than the most network calls of any score, so that schedules with the most calls count, too.</param>
/// <param name="Worst">Worst quality of any score, where the area ends, too.</param>
internal sealed record FrontVolume(double Value, double Calls, double Worst)
{
    /// <summary>Of all scores that can be compared; null with fewer than two.</summary>
    public static FrontVolume? Of(IReadOnlyList<CandidateScore> scores, ReportMetric metric)
    {
        var sign = metric.HigherIsBetter ? -1 : 1;
        List<double[]> points = [.. scores.Where(s => double.IsFinite(s.NetworkCalls) && metric.Value(s) is not null).Select(s => new[] { s.NetworkCalls, sign * metric.Value(s)!.Value })];
        if (points.Count < 2)
        {
            return null;
        }

        double[] reference = [1.1 * points.Max(p => p[0]), points.Max(p => p[1])];
        return new FrontVolume(Hypervolume.Of(points, reference), reference[0], sign * reference[1]);
    }

    /// <summary>The number in a sentence.</summary>
    public string Text(ReportMetric metric) =>
        $"Hypervolume of the front: {ReportNumbers.Short(Value)} (calls × {metric.Label}), up to {ReportNumbers.Calls(Calls)} calls (a tenth more than the most) and {metric.Label} {ReportNumbers.Short(Worst)}{metric.Unit} (the worst). Larger is better.";
}
