namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// DPM-Solver multistep (Lu et al. 2022a), in the noise prediction, as diffusers computes <c>algorithm_type="dpmsolver"</c>: the order grows over
/// the first steps, falls over the last of runs below 15 steps, and a step to no noise is of order 1.
/// </summary>
/// <param name="order">2 or 3; order 1 is DDIM.</param>
public sealed class DpmSolver(int order) : Solver
{
    private const int ShortRun = 15;

    /// <summary>One definition per order.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("dpm-2m", "Lu et al. 2022a", _ => new DpmSolver(2)) { Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"dpmsolver\")") },
        new("dpm-3m", "Lu et al. 2022a", _ => new DpmSolver(3)) { Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"dpmsolver\", solver_order=3)") },
    ];

    /// <inheritdoc/>
    public override string Name => Definitions[order - 2].Name;

    /// <inheritdoc/>
    public override int Order => 2;

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var form = new OdeForm(NoiseProcess.Sigma);
        var steps = levels.Length - 1;
        return RowPerStep(levels, Step, order, form.Slope);

        LinearCombination Step(int k)
        {
            var (from, to) = (levels[k], levels[k + 1]);
            var p = Math.Min(order, k + 1);
            p = to.IsClean ? 1 : steps < ShortRun ? Math.Min(p, steps - k) : p;
            if (p == 1)
            {
                return form.Step(from, to, to.Ratio - from.Ratio);
            }

            var h = to.Lambda - from.Lambda;
            var e = Exponential.MinusOne(h);
            var r0 = (from.Lambda - levels[k - 1].Lambda) / h;
            // x' = (alpha'/alpha) x - sigma' (e D0 + e/2 D1), or with phi2 D1 + phi3 D2; divided by alpha' for the form
            double[] weights = p == 2 ? [e * (1 + (0.5 / r0)), -e * 0.5 / r0] : Third(h, e, r0, (levels[k - 1].Lambda - levels[k - 2].Lambda) / h);
            return form.Step(from, to, Array.ConvertAll(weights, w => -to.Ratio * w));
        }
    }

    // D1 = D10 + r0/(r0+r1) (D10 - D11), D2 = (D10 - D11)/(r0+r1), D10 = (m0-m1)/r0, D11 = (m1-m2)/r1
    private static double[] Third(double h, double e, double r0, double r1)
    {
        var phi2 = (e / h) - 1;
        var phi3 = ((e - h) / (h * h)) - 0.5;
        var onD10 = (phi2 * (1 + (r0 / (r0 + r1)))) + (phi3 / (r0 + r1));
        var onD11 = (-phi2 * r0 / (r0 + r1)) - (phi3 / (r0 + r1));
        return [e + (onD10 / r0), (-onD10 / r0) + (onD11 / r1), -onD11 / r1];
    }
}
