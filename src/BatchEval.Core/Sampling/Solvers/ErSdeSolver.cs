namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// ER-SDE-Solver (Cui et al. 2023), orders 1 to 3, with the noise scale phi(r) = r (e^(r^0.3) + 10) of r = sigma / alpha and the authors' 200-point sums:
/// x'/alpha' = q x/alpha + (1 - q) D + (dr + S phi(r')) D1 + (dr^2/2 + T phi(r')) D2 + sqrt(r'^2 - r^2 q^2) z, q = phi(r')/phi(r).
/// </summary>
/// <param name="order">1 to 3.</param>
internal sealed class ErSdeSolver(int order = 3, double noise = 1) : Solver
{
    private const int Points = 200;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("er-sde", "Cui et al. 2023", a => new ErSdeSolver(a.Whole("order"), a["s-noise"]))
        {
            Parameters = [new("order", 3, 1, 3, Whole: true), new("s-noise", 1, 0, 2)], Elsewhere = new(null, "er_sde"),
        },
    ];

    public override string Name => Definitions[0].NameOf(order, noise);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        // No ratio is finite without signal: the level just below stands for it, as in ComfyUI.
        double[] r = [.. levels.Select(l => l.IsPureNoise ? schedule.At(schedule.MaxRatioTime).Ratio : l.Ratio)];
        return RowPerStep(levels, k => Step(levels, r, k), order);
    }

    private LinearCombination Step(NoiseLevel[] levels, double[] r, int k)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            return new LinearCombination { Data = [to.Alpha] };
        }

        var q = Phi(r[k + 1]) / Phi(r[k]);
        var data = new double[Math.Min(order, k + 1)];
        data[0] = 1 - q;
        var (dr, width) = (r[k + 1] - r[k], (r[k] - r[k + 1]) / Points);
        if (data.Length >= 2)
        {
            var sum = Enumerable.Range(0, Points).Sum(i => 1 / Phi(r[k + 1] + (i * width))) * width;
            Add(dr + (sum * Phi(r[k + 1])), First(0));
        }

        if (data.Length == 3)
        {
            var sum = Enumerable.Range(0, Points).Sum(i => (r[k + 1] + (i * width) - r[k]) / Phi(r[k + 1] + (i * width))) * width;
            var scale = (r[k] - r[k - 2]) / 2;
            Add((dr * dr / 2) + (sum * Phi(r[k + 1])), [.. First(0).Zip(First(1), (a, b) => (a - b) / scale)]);
        }

        return new LinearCombination
        {
            State = to.Alpha * q * r[k] / from.Sigma,
            Data = Array.ConvertAll(data, d => to.Alpha * d),
            Noise = to.Alpha * noise * Math.Sqrt(Math.Max(0, (r[k + 1] * r[k + 1]) - (r[k] * r[k] * q * q))),
        };

        // (D_j - D_(j+1)) / (r_(k-j) - r_(k-j-1)) as weights of D_0, D_1, D_2
        double[] First(int j)
        {
            var weights = new double[3];
            (weights[j], weights[j + 1]) = (1 / (r[k - j] - r[k - j - 1]), -1 / (r[k - j] - r[k - j - 1]));
            return weights;
        }

        void Add(double factor, double[] weights)
        {
            for (var j = 0; j < data.Length; j++)
            {
                data[j] += factor * weights[j];
            }
        }
    }

    private static double Phi(double r) => r * (Math.Exp(Math.Pow(r, 0.3)) + 10);
}
