namespace BatchEval.Core.Sampling;

/// <summary>Where on the noise axis a spacing begins and ends, and its shape parameters.</summary>
/// <param name="Start">Largest time to use; null for the model's own.</param>
/// <param name="End">Smallest time that ratio-based spacings end at; null for the model's own.</param>
/// <param name="Rho">Exponent of the Karras spacing; 7 in the paper.</param>
/// <param name="Offset">Added to every time of the leading spacing (diffusers' <c>steps_offset</c>).</param>
public sealed record SpacingOptions(double? Start = null, double? End = null, double Rho = 7, int Offset = 0)
{
    /// <summary>The model's full range, rho 7, no offset.</summary>
    public static SpacingOptions Default { get; } = new();
}

/// <summary>
/// Named rules that place n sampling times, strictly descending, in a model's own time. Conventions are those of diffusers
/// (leading, trailing, linspace for DDIM) with "T" replaced by <c>Start + 1</c>, so that a trimmed grid is the same rule from a lower start.
/// </summary>
public static class StepSpacing
{
    private static readonly SortedDictionary<string, Func<NoiseSchedule, int, SpacingOptions, double[]>> Rules = new(StringComparer.Ordinal)
    {
        ["leading"] = Leading,
        ["trailing"] = Trailing,
        ["linspace"] = Linspace,
        ["quadratic"] = Quadratic,
        ["log-snr"] = LogSnr,
        ["karras"] = Karras,
        ["exponential"] = LogSnr,
    };

    /// <summary>All names that <see cref="Create"/> takes, sorted.</summary>
    public static IReadOnlyCollection<string> Names => Rules.Keys;

    /// <summary>Places <paramref name="steps"/> times by a named rule.</summary>
    /// <exception cref="ArgumentException">Unknown name, fewer than one step, a start or end outside the model's range, or more steps than distinct times.</exception>
    public static IReadOnlyList<double> Create(string name, NoiseSchedule schedule, int steps, SpacingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        options ??= SpacingOptions.Default;
        if (!Rules.TryGetValue(name, out var rule))
        {
            throw new ArgumentException($"Unknown step spacing '{name}'. Known: {string.Join(", ", Names)}.", nameof(name));
        }

        Check(schedule, steps, options);
        var times = rule(schedule, steps, options);
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = Math.Round(times[i], 6);
            if (i > 0 && !(times[i] < times[i - 1]))
            {
                throw new ArgumentException($"Spacing '{name}' with {steps} steps does not give distinct times (t = {times[i]} after {times[i - 1]}); use fewer steps.", nameof(steps));
            }
        }

        return times;
    }

    private static void Check(NoiseSchedule schedule, int steps, SpacingOptions options)
    {
        if (steps < 1)
        {
            throw new ArgumentException($"A schedule needs at least 1 step, got {steps}.", nameof(steps));
        }

        if (schedule.TrainSteps is { } trained && steps > trained)
        {
            throw new ArgumentException($"{steps} steps asked of a model trained on {trained}; ask for at most {trained}.", nameof(steps));
        }

        foreach (var (label, time) in new[] { ("start", options.Start), ("end", options.End) })
        {
            if (time is { } t && !(t >= schedule.MinTime && t <= schedule.MaxTime))
            {
                throw new ArgumentException($"The {label} {t} lies outside the model's range [{schedule.MinTime}, {schedule.MaxTime}].", nameof(options));
            }
        }

        if (options is { Start: { } start, End: { } end } && !(start > end))
        {
            throw new ArgumentException($"The start {start} must lie above the end {end}.", nameof(options));
        }

        if (!(options.Rho > 0))
        {
            throw new ArgumentException($"rho must be positive, got {options.Rho}.", nameof(options));
        }
    }

    // arange(n) * (T // n) + offset, reversed
    private static double[] Leading(NoiseSchedule schedule, int n, SpacingOptions options)
    {
        if (schedule.TrainSteps is null)
        {
            return [.. Enumerable.Range(1, n).Select(i => Uniform(schedule, options, (double)i / n)).Reverse()];
        }

        var stride = Math.Max(1, (int)(Start(schedule, options) + 1) / n);
        return [.. Enumerable.Range(0, n).Select(i => (double)((i * stride) + options.Offset)).Reverse()];
    }

    // round(arange(T, 0, -T / n)) - 1
    private static double[] Trailing(NoiseSchedule schedule, int n, SpacingOptions options)
    {
        if (schedule.TrainSteps is null)
        {
            return [.. Enumerable.Range(0, n).Select(i => Uniform(schedule, options, 1 - ((double)i / n)))];
        }

        var top = Start(schedule, options) + 1;
        return [.. Enumerable.Range(0, n).Select(i => Math.Round(top - (i * top / n), MidpointRounding.ToEven) - 1)];
    }

    // round(linspace(0, T - 1, n)) reversed
    private static double[] Linspace(NoiseSchedule schedule, int n, SpacingOptions options)
    {
        var (low, high) = (options.End ?? schedule.MinTime, Start(schedule, options));
        return [.. Fractions(n).Select(u => Whole(schedule, high + (u * (low - high))))];
    }

    // linspace(0, sqrt(0.8 T), n)^2 reversed (Song et al. 2021, "quadratic" selection), from the given start
    private static double[] Quadratic(NoiseSchedule schedule, int n, SpacingOptions options)
    {
        var low = options.End ?? schedule.MinTime;
        var high = options.Start ?? low + (0.8 * (schedule.MaxTime + 1 - low));
        return [.. Fractions(n).Select(u => low + (Math.Pow(1 - u, 2) * (high - low)))];
    }

    private static double[] LogSnr(NoiseSchedule schedule, int n, SpacingOptions options)
    {
        var (high, low) = RatioRange(schedule, options);
        return Ratios(schedule, n, high, low, u => Math.Exp(Math.Log(high) + (u * (Math.Log(low) - Math.Log(high)))));
    }

    // Karras et al. 2022, eq. 5
    private static double[] Karras(NoiseSchedule schedule, int n, SpacingOptions options)
    {
        var (high, low) = RatioRange(schedule, options);
        var (a, b) = (Math.Pow(high, 1 / options.Rho), Math.Pow(low, 1 / options.Rho));
        return Ratios(schedule, n, high, low, u => Math.Pow(a + (u * (b - a)), options.Rho));
    }

    private static double[] Ratios(NoiseSchedule schedule, int n, double high, double low, Func<double, double> ratio) =>
        [.. Fractions(n).Select(u => schedule.TimeOfRatio(u == 0 ? high : u == 1 ? low : ratio(u)))];

    private static (double High, double Low) RatioRange(NoiseSchedule schedule, SpacingOptions options) =>
        (schedule.At(Start(schedule, options)).Ratio, schedule.At(options.End ?? schedule.MinTime).Ratio);

    private static double Start(NoiseSchedule schedule, SpacingOptions options) => options.Start ?? schedule.MaxTime;

    private static double Uniform(NoiseSchedule schedule, SpacingOptions options, double u)
    {
        var low = options.End ?? schedule.MinTime;
        return low + (u * (Start(schedule, options) - low));
    }

    private static double Whole(NoiseSchedule schedule, double time) =>
        schedule.TrainSteps is null ? time : Math.Round(time, MidpointRounding.ToEven);

    private static IEnumerable<double> Fractions(int n) =>
        Enumerable.Range(0, n).Select(i => n == 1 ? 0 : (double)i / (n - 1));
}
