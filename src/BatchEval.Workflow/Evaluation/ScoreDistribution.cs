using BatchEval.Core.Metrics;

namespace BatchEval.Workflow.Evaluation;

/// <summary>How a number per image is spread: quantiles by linear interpolation (numpy's default).</summary>
/// <param name="Min">Smallest.</param>
/// <param name="P05">5 % quantile.</param>
/// <param name="P25">25 % quantile.</param>
/// <param name="Median">Median.</param>
/// <param name="P75">75 % quantile.</param>
/// <param name="P95">95 % quantile.</param>
/// <param name="Max">Largest.</param>
public sealed record ScoreDistribution(double Min, double P05, double P25, double Median, double P75, double P95, double Max)
{
    /// <summary>The distribution of some values, rounded to 9 digits; null when there are none.</summary>
    public static ScoreDistribution? Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        if (all.Length == 0)
        {
            return null;
        }

        var q = Array.ConvertAll(Quantiles.Of(all, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]), v => Math.Round(v, 9));
        return new ScoreDistribution(q[0], q[1], q[2], q[3], q[4], q[5], q[6]);
    }
}
