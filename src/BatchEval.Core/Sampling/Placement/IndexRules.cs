namespace BatchEval.Core.Sampling.Placement;

/// <summary>
/// Rules over a model's own time. For discrete models they give training indices in the order of operations of their sources, so that halves
/// round alike, with "T" replaced by the range's number of indices: a trimmed grid is the same rule from a lower start.
/// </summary>
internal static class IndexRules
{
    private const PlacementUse Everywhere = PlacementUse.Seed | PlacementUse.Heuristic | PlacementUse.Baseline;

    public static IReadOnlyList<PlacementRule> All { get; } =
    [
        new("leading", "diffusers `timestep_spacing=\"leading\"`; DDIM and DDPM", Leading) { Use = Everywhere },
        new("trailing", "diffusers `timestep_spacing=\"trailing\"`", Trailing) { Use = Everywhere },
        new("linspace", "diffusers `timestep_spacing=\"linspace\"` of DDIM and DDPM", Linspace) { Use = Everywhere },
        new("time-uniform", "another name of linspace", Linspace),
        new("quadratic", "Song et al. 2021, appendix D.3; CompVis `ddim_discr_method=\"quad\"`", Quadratic) { Use = PlacementUse.Seed | PlacementUse.Heuristic },
        new("beta", "Lee et al. 2024; ComfyUI `beta`", Beta) { Use = PlacementUse.Heuristic },
        new("simple", "ComfyUI `simple`", Simple),
        new("normal", "ComfyUI and k-diffusion `normal`", Normal),
        new("sgm-uniform", "ComfyUI `sgm_uniform`", SgmUniform),
        new("ddim-uniform", "ComfyUI `ddim_uniform`", DdimUniform),
    ];

    // arange(n) * (T // n) + offset, reversed
    private static double[] Leading(PlacementRange range, int n, PlacementOptions options)
    {
        if (range.Indices is not { } trained)
        {
            return [.. Enumerable.Range(1, n).Select(i => Uniform(range, (double)i / n)).Reverse()];
        }

        if (n == 1)
        {
            throw new ArgumentException(
                $"'leading' with 1 step calls the network at t = {options.Offset} alone, where it expects almost no noise, on pure noise; use trailing or at least 2 steps.", nameof(n));
        }

        var stride = Math.Max(1, trained / n);
        return [.. Enumerable.Range(0, n).Select(i => (double)((i * stride) + options.Offset)).Reverse()];
    }

    private static double[] Trailing(PlacementRange range, int n, PlacementOptions options) => range.Indices is { } trained
        ? [.. Trailing(trained, trained, n)]
        : [.. Enumerable.Range(0, n).Select(i => Uniform(range, 1 - ((double)i / n)))];

    /// <summary>round(arange(last, 0, -T / n)) - 1 in numpy's order of operations; where the last one is not T, some of the n may lie below 0.</summary>
    public static IEnumerable<double> Trailing(int last, int trained, int n)
    {
        var delta = last - ((double)trained / n) - last;
        return Enumerable.Range(0, n).Select(i => Even(last + (i * delta)) - 1);
    }

    // round(linspace(0, T - 1, n)) reversed
    private static double[] Linspace(PlacementRange range, int n, PlacementOptions options)
    {
        var spread = Spread(range.End, range.Start, n);
        return range.Indices is null ? spread : Array.ConvertAll(spread, Even);
    }

    // int(linspace(0, sqrt(0.8 T), n)^2) reversed, equal ones once; a start that is given takes the place of 0.8 T
    private static double[] Quadratic(PlacementRange range, int n, PlacementOptions options)
    {
        const double Share = 0.8;
        var low = range.End;
        var high = options.Start ?? low + (Share * (range.Noise.MaxTime + (range.Indices is null ? 0 : 1) - low));
        var roots = n == 1 ? [Math.Sqrt(high - low)] : Spread(0, Math.Sqrt(high - low), n);
        return [.. roots.Select(r => range.Indices is null ? low + (r * r) : low + Math.Floor((r * r) + 1e-9)).Distinct()];
    }

    // rint(T' F^-1(1 - i / n)) with T' the largest index, equal ones once
    private static double[] Beta(PlacementRange range, int n, PlacementOptions options)
    {
        var times = Enumerable.Range(0, n).Select(i => double.Lerp(range.End, range.Start, BetaDistribution.Quantile(1 - ((double)i / n), options.Alpha, options.Beta)));
        return range.Indices is null ? [.. times] : [.. times.Select(Even).Distinct()];
    }

    // sigmas[-(1 + int(i T / n))]
    private static double[] Simple(PlacementRange range, int n, PlacementOptions options) => range.Indices is { } trained
        ? [.. Enumerable.Range(0, n).Select(i => (double)(trained - 1 - (int)(i * ((double)trained / n)))).Distinct()]
        : Trailing(range, n, options);

    // linspace(T - 1, 0, n), not rounded
    private static double[] Normal(PlacementRange range, int n, PlacementOptions options) => Spread(range.End, range.Start, n);

    // linspace(T - 1, 0, n + 1) without its last, not rounded
    private static double[] SgmUniform(PlacementRange range, int n, PlacementOptions options) => Spread(range.End, range.Start, n + 1)[..^1];

    // range(1, T, max(T // n, 1)) reversed; not always n of them
    private static double[] DdimUniform(PlacementRange range, int n, PlacementOptions options)
    {
        if (range.Indices is not { } trained)
        {
            return Trailing(range, n, options);
        }

        var stride = Math.Max(trained / n, 1);
        return [.. Enumerable.Range(0, ((trained - 2) / stride) + 1).Select(i => (double)(1 + (i * stride))).Reverse()];
    }

    /// <summary>numpy's linspace(low, high, n) reversed; the high end alone for one step.</summary>
    public static double[] Spread(double low, double high, int n)
    {
        if (n == 1)
        {
            return [high];
        }

        var step = (high - low) / (n - 1);
        return [.. Enumerable.Range(0, n).Select(i => i == n - 1 ? high : low + (i * step)).Reverse()];
    }

    // The straight line of flow models goes to no noise; other continuous models have a smallest level.
    private static double Uniform(PlacementRange range, double share)
    {
        var low = range.Noise.Process == NoiseProcess.Flow && range.End == range.Noise.MinTime ? 0 : range.End;
        return low + (share * (range.Start - low));
    }

    /// <summary>The nearest whole time, halves to the even one.</summary>
    public static double Even(double time) => Math.Round(time, MidpointRounding.ToEven);
}
