namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// UniPC (Zhao et al. 2023), B(h) = e^h - 1 ("bh2") or h ("bh1"), in the data or the noise prediction: every network output first corrects the state it
/// was computed at, then predicts the next one, so a step still costs one call. The anchor holds the corrected state.
/// </summary>
/// <param name="order">1, 2 or 3.</param>
/// <param name="bh">1 or 2.</param>
/// <param name="noise">True for the noise prediction.</param>
/// <param name="uncorrected">Number of first steps whose results are not corrected (diffusers' <c>disable_corrector</c>), for large guidance scales.</param>
internal sealed class UniPcSolver(int order = 2, int bh = 2, bool noise = false, int uncorrected = 0) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("unipc", "Zhao et al. 2023", a => new UniPcSolver(a.Whole("order"), a.Whole("bh"), a.Flag("noise"), a.Whole("uncorrected")))
        {
            Parameters = [new("bh", 2, 1, 2, Whole: true), SolverParameter.Flag("noise", false), new("order", 2, 1, 3, Whole: true), new("uncorrected", 0, 0, 1000, Whole: true)],
            Elsewhere = new("UniPCMultistepScheduler"), Variants = [("uni_pc", "unipc(bh=1,order=3)"), ("uni_pc_bh2", "unipc(order=3)")],
        },
    ];

    public override string Name => Definitions[0].NameOf(bh, noise ? 1 : 0, order, uncorrected);

    public override int Order => order + 1;

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var rows = new List<SolverRow>();
        for (var k = 0; k < levels.Length - 1; k++)
        {
            // In the noise prediction what is remembered refers to the state that entered the network, not to the corrected one.
            var corrected = k <= uncorrected ? LinearCombination.Keep : Correct(levels, k);
            rows.Add(new SolverRow(k, levels[k], Predict(levels, k, corrected), corrected) { Remembered = noise ? new OdeForm(NoiseProcess.Sigma).Slope(levels[k]) : null });
        }

        return new CoefficientTable(rows, History: order + 1);
    }

    // Grows over the first steps and falls over the last ones ("lower order final")
    private int OrderAt(NoiseLevel[] levels, int k) => Math.Min(order, Math.Min(k + 1, levels.Length - 1 - k));

    // Carried state and -x' of the first-order step: sigma'/sigma and alpha' with -h, or alpha'/alpha and sigma' with h
    private (double Carry, double Scale, double H) Terms(NoiseLevel from, NoiseLevel to)
    {
        var h = to.Lambda - from.Lambda;
        return noise ? (to.Alpha / from.Alpha, to.Sigma, h) : (to.Sigma / from.Sigma, to.Alpha, -h);
    }

    // From the corrected state y_k to level k + 1, with the outputs at k, k-1, ...
    private LinearCombination Predict(NoiseLevel[] levels, int k, LinearCombination corrected)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            // alpha' D, which is alpha' (y - sigma eps) / alpha
            return noise ? (to.Alpha / from.Alpha * corrected) + new LinearCombination { Data = [-to.Alpha * from.Ratio] } : new LinearCombination { Data = [to.Alpha] };
        }

        var p = OrderAt(levels, k);
        var (carry, scale, h) = Terms(from, to);
        double[] r = [.. Enumerable.Range(1, p - 1).Select(i => (levels[k - i].Lambda - from.Lambda) / Math.Abs(h))];
        var rho = p == 2 ? [0.5] : VandermondeSystem.Solve(r, h, bh);
        return (carry * corrected) + Increment(scale, h, r, rho, newest: 0);
    }

    // From the corrected state y_{k-1} (the anchor) to level k, with the new output at k and the older ones
    private LinearCombination Correct(NoiseLevel[] levels, int k)
    {
        var (from, to) = (levels[k - 1], levels[k]);
        var p = OrderAt(levels, k - 1);
        var (carry, scale, h) = Terms(from, to);
        double[] r = [.. Enumerable.Range(2, p - 1).Select(i => (levels[k - i].Lambda - from.Lambda) / Math.Abs(h))];
        var rho = p == 1 ? [0.5] : VandermondeSystem.Solve([.. r, 1.0], h, bh);
        var last = -scale * VandermondeSystem.B(h, bh) * rho[^1];
        var step = new LinearCombination { Anchor = carry } + Increment(scale, h, r, rho[..^1], newest: 1);
        return step + new LinearCombination { Data = [last, -last] };
    }

    // -scale ((e^h - 1) m0 + B(h) sum_i rho_i (m_i - m0) / r_i), m0 at history position newest
    private double[] Weights(double scale, double h, double[] r, double[] rho, int newest)
    {
        var data = new double[newest + r.Length + 1];
        data[newest] = -scale * Exponential.MinusOne(h);
        var b = -scale * VandermondeSystem.B(h, bh);
        for (var i = 0; i < r.Length; i++)
        {
            data[newest + i + 1] += b * rho[i] / r[i];
            data[newest] -= b * rho[i] / r[i];
        }

        return data;
    }

    private LinearCombination Increment(double scale, double h, double[] r, double[] rho, int newest) => new() { Data = Weights(scale, h, r, rho, newest) };
}
