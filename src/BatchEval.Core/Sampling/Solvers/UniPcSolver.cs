namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// UniPC (Zhao et al. 2023), B(h) = e^h - 1 ("bh2"), in the data prediction: every network output first corrects the state it was
/// computed at, then predicts the next one, so a step still costs one call. The anchor holds the corrected state.
/// </summary>
/// <param name="order">1, 2 or 3.</param>
public sealed class UniPcSolver(int order = 2) : Solver
{
    /// <summary>Its definition.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("unipc", "Zhao et al. 2023", a => new UniPcSolver(a.Whole("order")))
        {
            Parameters = [new("order", 2, 1, 3, Whole: true)], Elsewhere = new("UniPCMultistepScheduler", "uni_pc_bh2"),
        },
    ];

    /// <inheritdoc/>
    public override string Name => Definitions[0].NameOf(order);

    /// <inheritdoc/>
    public override int Order => order + 1;

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var rows = new List<SolverRow>();
        for (var k = 0; k < levels.Length - 1; k++)
        {
            var corrected = k == 0 ? LinearCombination.Keep : Correct(levels, k);
            rows.Add(new SolverRow(k, levels[k], Predict(levels, k, corrected), corrected));
        }

        return new CoefficientTable(rows, History: order + 1);
    }

    // Grows over the first steps and falls over the last ones ("lower order final")
    private int OrderAt(NoiseLevel[] levels, int k) => Math.Min(order, Math.Min(k + 1, levels.Length - 1 - k));

    // From the corrected state y_k to level k + 1, with the outputs at k, k-1, ...
    private LinearCombination Predict(NoiseLevel[] levels, int k, LinearCombination corrected)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            return new LinearCombination { Data = [to.Alpha] };
        }

        var p = OrderAt(levels, k);
        var h = to.Lambda - from.Lambda;
        double[] r = [.. Enumerable.Range(1, p - 1).Select(i => (levels[k - i].Lambda - from.Lambda) / h)];
        var rho = p == 2 ? [0.5] : VandermondeSystem.Solve(r, h);
        return (to.Sigma / from.Sigma * corrected) + Increment(to, h, r, rho, newest: 0);
    }

    // From the corrected state y_{k-1} (the anchor) to level k, with the new output at k and the older ones
    private LinearCombination Correct(NoiseLevel[] levels, int k)
    {
        var (from, to) = (levels[k - 1], levels[k]);
        var p = OrderAt(levels, k - 1);
        var h = to.Lambda - from.Lambda;
        double[] r = [.. Enumerable.Range(2, p - 1).Select(i => (levels[k - i].Lambda - from.Lambda) / h)];
        var rho = p == 1 ? [0.5] : VandermondeSystem.Solve([.. r, 1.0], h);
        var scale = -to.Alpha * Exponential.MinusOne(-h) * rho[^1];
        var step = new LinearCombination { Anchor = to.Sigma / from.Sigma } + Increment(to, h, r, rho[..^1], newest: 1);
        return step + new LinearCombination { Data = [scale, -scale] };
    }

    // -alpha' (e^-h - 1) (m0 + sum_i rho_i (m_i - m0) / r_i), m0 at history position newest
    private static LinearCombination Increment(NoiseLevel to, double h, double[] r, double[] rho, int newest)
    {
        var scale = -to.Alpha * Exponential.MinusOne(-h);
        var data = new double[newest + r.Length + 1];
        data[newest] = scale;
        for (var i = 0; i < r.Length; i++)
        {
            data[newest + i + 1] += scale * rho[i] / r[i];
            data[newest] -= scale * rho[i] / r[i];
        }

        return new LinearCombination { Data = data };
    }
}
