using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

/// <summary>
/// What Align Your Steps (Sabour et al. 2024) has in closed form: data N(0, c^2 I), whose ideal denoiser is
/// D(x, t) = c^2 / (t^2 + c^2) x. Knots are noise levels t_n &gt; ... &gt; t_0, largest first.
/// </summary>
internal static class GaussianSchedules
{
    /// <summary>The paper's c: standard deviation of images scaled to [-1, 1].</summary>
    public const double DefaultScale = KlubEstimator.DefaultScale;

    /// <summary>KL-optimal for DDIM (theorem 3.1): t_i = c tan((1 - i/n) atan(t_min / c) + (i/n) atan(t_max / c)).</summary>
    /// <remarks>With c = 1 this is the "KL Optimal" scheduler of Forge and A1111.</remarks>
    public static double[] KlOptimal(double min, double max, int steps, double c = DefaultScale)
    {
        SigmaKnots.CheckRange(min, max, steps);
        return SigmaKnots.Between(max, min, steps, u => c * Math.Tan(double.Lerp(Math.Atan(max / c), Math.Atan(min / c), u)));
    }

    /// <summary>KLUB-optimal: 1 + c^2 / t_i^2 is a geometric sequence (eq. 31, solved for all knots at once).</summary>
    public static double[] KlubOptimal(double min, double max, int steps, double c = DefaultScale)
    {
        SigmaKnots.CheckRange(min, max, steps);
        double Log(double t) => Math.Log(1 + (c * c / (t * t)));
        return SigmaKnots.Between(max, min, steps, u => c / Math.Sqrt(Math.Exp(double.Lerp(Log(max), Log(min), u)) - 1));
    }

    /// <summary>The knot between two others that is KL-optimal: (ab - c^2 + sqrt((a^2 + c^2)(b^2 + c^2))) / (a + b) (eq. 22).</summary>
    public static double KlOptimalBetween(double a, double b, double c = DefaultScale) =>
        ((a * b) - (c * c) + Math.Sqrt(((a * a) + (c * c)) * ((b * b) + (c * c)))) / (a + b);

    /// <summary>The knot between two others that is KLUB-optimal: c^2 / t^2 = sqrt((1 + c^2/a^2)(1 + c^2/b^2)) - 1 (eq. 31).</summary>
    public static double KlubOptimalBetween(double a, double b, double c = DefaultScale) =>
        c / Math.Sqrt(Math.Sqrt((1 + (c * c / (a * a))) * (1 + (c * c / (b * b)))) - 1);

    /// <summary>E ||D(x_t) - D(x_u)||^2 per dimension for t &lt; u: c^4 (1/(t^2 + c^2) - 1/(u^2 + c^2)); not squared.</summary>
    public static double DenoiserDistance(double t, double u, double c = DefaultScale) =>
        Math.Pow(c, 4) * ((1 / ((t * t) + (c * c))) - (1 / ((u * u) + (c * c))));

    /// <summary>
    /// The normaliser Z(a, b) = int_a^b t^-3 (1/(t^2 + c^2) - 1/(b^2 + c^2)) dt; c^4 Z is the KLUB of one step b to a per dimension.
    /// In the form (r - 1 - ln r) / (2 c^4), r = (1 + c^2/a^2) / (1 + c^2/b^2), nothing cancels at small a, and it is plain that the
    /// sum over a schedule is least when all r are equal.
    /// </summary>
    public static double Z(double a, double b, double c = DefaultScale)
    {
        var excess = c * c * ((1 / (a * a)) - (1 / (b * b))) / (1 + (c * c / (b * b)));
        return (excess - Math.Log(1 + excess)) / (2 * Math.Pow(c, 4));
    }

    /// <summary>Sum of Z over the steps of a schedule: its KLUB over c^4 d.</summary>
    public static double TotalZ(IReadOnlyList<double> knots, double c = DefaultScale) =>
        Enumerable.Range(0, knots.Count - 1).Sum(i => Z(knots[i + 1], knots[i], c));

    /// <summary>Exact KL per dimension after n DDIM steps: (f - 1 - ln f) / 2, f = prod (t_{i-1}^2 + c^2)(t_i^2 + c^2) / (t_{i-1} t_i + c^2)^2.</summary>
    public static double KlAfterDdim(IReadOnlyList<double> knots, double c = DefaultScale)
    {
        var logF = 0.0;
        for (var i = 1; i < knots.Count; i++)
        {
            var (a, b) = (knots[i], knots[i - 1]);
            logF += Math.Log((a * a) + (c * c)) + Math.Log((b * b) + (c * c)) - (2 * Math.Log((a * b) + (c * c)));
        }

        return (Math.Exp(logF) - 1 - logF) / 2;
    }
}
