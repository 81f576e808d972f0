using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Schedules;

/// <summary>Shape of a named heuristic.</summary>
/// <param name="SigmaMin">Smallest sigma / alpha that the network is called at; null for the model's own.</param>
/// <param name="SigmaMax">Largest sigma / alpha; null for the model's own.</param>
/// <param name="Rho">Exponent of the Karras rule.</param>
/// <param name="Scale">c of the arctan rule.</param>
/// <param name="Alpha">First parameter of the beta rules.</param>
/// <param name="Beta">Second parameter of the beta rules.</param>
/// <param name="Threshold">Share of the noise that the linear half of linear-quadratic covers.</param>
public sealed record HeuristicOptions(
    double? SigmaMin = null, double? SigmaMax = null, double Rho = 7, double Scale = 1, double Alpha = 0.6, double Beta = 0.6, double Threshold = 0.025)
{
    /// <summary>The model's full range and every tool's usual parameters.</summary>
    public static HeuristicOptions Default { get; } = new();
}

/// <summary>
/// The placements that users already have, by name. Each gives the n noise levels (sigma / alpha) at which the network is called, largest
/// first; all of them end with a jump to no noise (a 0 is appended).
/// </summary>
public static class HeuristicSchedules
{
    private delegate double[] Rule(NoiseSchedule schedule, int n, double low, double high, HeuristicOptions options);

    private static readonly SortedDictionary<string, Rule> Rules = new(StringComparer.Ordinal)
    {
        ["karras"] = (_, n, low, high, o) => Powers(n, low, high, o.Rho),
        ["exponential"] = (_, n, low, high, _) => LogLinear(n, low, high),
        ["log-snr"] = (_, n, low, high, _) => LogLinear(n, low, high),
        ["lu-lambdas"] = (_, n, low, high, _) => LogLinear(n, low, high),
        ["arctan"] = (_, n, low, high, o) => n == 1 ? [high] : GaussianSchedules.KlOptimal(low, high, n - 1, o.Scale),
        ["beta"] = BetaTimes,
        ["beta-sigmas"] = (_, n, low, high, o) => [.. Fractions(n).Select(u => double.Lerp(low, high, BetaDistribution.Quantile(1 - u, o.Alpha, o.Beta)))],
        ["linear-quadratic"] = (_, n, _, high, o) => LinearQuadratic(n, high, o.Threshold),
        ["time-uniform"] = TimeUniform,
        ["leading"] = (s, n, low, high, o) => Spaced("leading", s, n, low, high),
        ["trailing"] = (s, n, low, high, o) => Spaced("trailing", s, n, low, high),
        ["linspace"] = (s, n, low, high, o) => Spaced("linspace", s, n, low, high),
        ["quadratic"] = (s, n, low, high, o) => Spaced("quadratic", s, n, low, high),
    };

    /// <summary>All names, sorted.</summary>
    public static IReadOnlyCollection<string> Names => Rules.Keys;

    /// <summary>Places n network calls.</summary>
    /// <exception cref="ArgumentException">Unknown name, fewer than one step, an empty range, or a range outside the model's.</exception>
    public static double[] Create(string name, NoiseSchedule schedule, int steps, HeuristicOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        options ??= HeuristicOptions.Default;
        if (!Rules.TryGetValue(name, out var rule))
        {
            throw new ArgumentException($"Unknown heuristic '{name}'. Known: {string.Join(", ", Names)}.", nameof(name));
        }

        var (low, high) = Range(schedule, options.SigmaMin, options.SigmaMax);
        SigmaKnots.CheckRange(low, high, steps);
        var sigmas = rule(schedule, steps, low, high, options);
        for (var i = 1; i < sigmas.Length; i++)
        {
            if (!(sigmas[i] < sigmas[i - 1]))
            {
                throw new ArgumentException($"'{name}' does not give {steps} distinct noise levels on this model; use fewer steps.", nameof(steps));
            }
        }

        return sigmas;
    }

    /// <summary>The part of a model's range that is asked for.</summary>
    /// <exception cref="ArgumentException">Not inside the model's range, or empty.</exception>
    public static (double Low, double High) Range(NoiseSchedule schedule, double? sigmaMin, double? sigmaMax)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var (least, most) = (schedule.At(schedule.MinTime).Ratio, schedule.At(schedule.MaxTime).Ratio);
        var (low, high) = (sigmaMin ?? least, sigmaMax ?? most);
        if (!(low > 0 && high > low))
        {
            throw new ArgumentException($"Need 0 < sigma-min < sigma-max, got sigma-min = {low} and sigma-max = {high}.");
        }

        const double Slack = 1e-9;
        foreach (var sigma in new[] { low, high })
        {
            if (sigma < least * (1 - Slack) || sigma > most * (1 + Slack))
            {
                throw new ArgumentException($"sigma = {sigma} lies outside the model's range [{least:G6}, {most:G6}].");
            }
        }

        return (low, high);
    }

    // Karras et al. 2022, eq. 5
    private static double[] Powers(int n, double low, double high, double rho) =>
        [.. Fractions(n).Select(u => u == 0 ? high : Math.Pow(double.Lerp(Math.Pow(high, 1 / rho), Math.Pow(low, 1 / rho), u), rho))];

    // lambda = -ln sigma uniform (Lu et al. 2022); log-linear sigmas are the same list
    private static double[] LogLinear(int n, double low, double high) =>
        [.. Fractions(n).Select(u => u == 0 ? high : u == 1 ? low : Math.Exp(double.Lerp(Math.Log(high), Math.Log(low), u)))];

    // ComfyUI's beta scheduler: times at the quantiles of Beta(alpha, beta), the right end open
    private static double[] BetaTimes(NoiseSchedule schedule, int n, double low, double high, HeuristicOptions o)
    {
        var (first, last) = (schedule.TimeOfRatio(high), schedule.TimeOfRatio(low));
        return [.. Enumerable.Range(0, n).Select(i => At(schedule, double.Lerp(last, first, BetaDistribution.Quantile(1 - ((double)i / n), o.Alpha, o.Beta))))];
    }

    // ComfyUI's linear_quadratic (from Mochi): linear over the first half of the steps, then a parabola to no noise
    private static double[] LinearQuadratic(int n, double high, double threshold)
    {
        if (n == 1)
        {
            return [high];
        }

        var linear = n / 2;
        var quadratic = n - linear;
        var difference = linear - (threshold * n);
        var a = difference / (linear * (double)quadratic * quadratic);
        var b = (threshold / linear) - (2 * difference / ((double)quadratic * quadratic));
        var c = a * linear * linear;
        return [.. Enumerable.Range(0, n).Select(i => high * (1 - (i < linear ? i * threshold / linear : (a * i * i) + (b * i) + c)))];
    }

    // t_i = t_max - i/(n-1) (t_max - t_min)
    private static double[] TimeUniform(NoiseSchedule schedule, int n, double low, double high, HeuristicOptions options)
    {
        var (first, last) = (schedule.TimeOfRatio(high), schedule.TimeOfRatio(low));
        return [.. Fractions(n).Select(u => At(schedule, double.Lerp(first, last, u)))];
    }

    private static double[] Spaced(string name, NoiseSchedule schedule, int n, double low, double high)
    {
        var (start, end) = (Whole(schedule, schedule.TimeOfRatio(high)), Whole(schedule, schedule.TimeOfRatio(low)));
        return [.. StepSpacing.Create(name, schedule, n, new SpacingOptions(start, end < start ? end : null)).Select(t => schedule.At(t).Ratio)];
    }

    private static double Whole(NoiseSchedule schedule, double time) => schedule.TrainSteps is null ? time : Math.Round(time);

    private static double At(NoiseSchedule schedule, double time) =>
        schedule.At(schedule.TrainSteps is null ? time : Math.Round(time, MidpointRounding.ToEven)).Ratio;

    private static IEnumerable<double> Fractions(int n) => Enumerable.Range(0, n).Select(i => n == 1 ? 0 : (double)i / (n - 1));
}
