namespace BatchEval.Core.Sampling.Placement;

/// <summary>Rules over what other tools call sigma: sigma / alpha, and u for flow models.</summary>
internal static class SigmaRules
{
    public static IReadOnlyList<PlacementRule> All { get; } = [.. new PlacementRule[]
    {
        new("karras", "Karras et al. 2022, eq. 5; diffusers `use_karras_sigmas`, ComfyUI `karras`", Over((r, n, o) => Powers(r, n, o.Rho))) { Use = PlacementUse.Seed | PlacementUse.Heuristic | PlacementUse.Baseline },
        new("exponential", "diffusers `use_exponential_sigmas`, ComfyUI `exponential`", Over((r, n, _) => LogLinear(r, n))) { Use = PlacementUse.Seed },
        new("log-snr", "Lu et al. 2022; the same list as exponential", Over((r, n, _) => LogLinear(r, n))) { Use = PlacementUse.Heuristic | PlacementUse.Baseline },
        new("lu-lambdas", "diffusers `use_lu_lambdas`; the same list as exponential", Over((r, n, _) => LogLinear(r, n))),
        new("arctan", "Sabour et al. 2024, theorem 3.1; ComfyUI and Forge `kl_optimal` with c = 1", Over(Arctan)) { Use = PlacementUse.Heuristic },
        new("kl-optimal", "ComfyUI's name of arctan", Over(Arctan)),
        new("beta-sigmas", "diffusers `use_beta_sigmas`", Over((r, n, o) => Fractions(n).Select(u => double.Lerp(r.Low, r.High, BetaDistribution.Quantile(1 - u, o.Alpha, o.Beta))))) { Use = PlacementUse.Heuristic, Trims = false },
        new("linear-quadratic", "Mochi; ComfyUI `linear_quadratic`", Over((r, n, o) => LinearQuadratic(r.High, n, o.Threshold))) { Use = PlacementUse.Heuristic, Trims = false },
    }.Select(r => r with { OverSigma = true })];

    private static Func<PlacementRange, int, PlacementOptions, double[]> Over(Func<PlacementRange, int, PlacementOptions, IEnumerable<double>> rule) =>
        (range, n, options) => double.IsPositiveInfinity(range.High)
            ? throw new ArgumentException($"No signal is left at t = {range.Start}, where sigma is infinite, so a rule over sigma has no start; give a lower one, or use a rule over indices such as trailing.")
            : range.Times(rule(range, n, options));

    private static IEnumerable<double> Powers(PlacementRange r, int n, double rho)
    {
        var (a, b) = (Math.Pow(r.High, 1 / rho), Math.Pow(r.Low, 1 / rho));
        return Ends(r, n, u => Math.Pow(a + (u * (b - a)), rho));
    }

    // lambda = -ln sigma uniform; log-linear sigmas are the same list
    private static IEnumerable<double> LogLinear(PlacementRange r, int n)
    {
        var (a, b) = (Math.Log(r.High), Math.Log(r.Low));
        return Ends(r, n, u => Math.Exp(a + (u * (b - a))));
    }

    // c tan((1 - u) atan(high / c) + u atan(low / c))
    private static IEnumerable<double> Arctan(PlacementRange r, int n, PlacementOptions o) =>
        Ends(r, n, u => o.Scale * Math.Tan(double.Lerp(Math.Atan(r.High / o.Scale), Math.Atan(r.Low / o.Scale), u)));

    // linear over the first half of the steps, then a parabola to no noise
    private static IEnumerable<double> LinearQuadratic(double high, int n, double threshold)
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
        return Enumerable.Range(0, n).Select(i => high * (1 - (i < linear ? i * threshold / linear : (a * i * i) + (b * i) + c)));
    }

    private static IEnumerable<double> Ends(PlacementRange r, int n, Func<double, double> rule) => Fractions(n).Select(u => u == 0 ? r.High : u == 1 ? r.Low : rule(u));

    private static IEnumerable<double> Fractions(int n) => Enumerable.Range(0, n).Select(i => n == 1 ? 0 : (double)i / (n - 1));
}
