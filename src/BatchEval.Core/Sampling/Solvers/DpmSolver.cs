namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// DPM-Solver multistep (Lu et al. 2022a), in the noise prediction, as diffusers computes <c>algorithm_type="dpmsolver"</c>, and on the reverse SDE, as it computes
/// <c>"sde-dpmsolver"</c>: the order grows over the first steps, falls over the last of runs below 15 steps, and a step to no noise is of order 1.
/// </summary>
/// <param name="order">1, 2 or 3; on the ODE order 1 is DDIM.</param>
/// <param name="sde">True for the SDE, of order 1 or 2.</param>
/// <param name="heun">On the SDE, of order 2: true for the second-order term of <c>solver_type="heun"</c>.</param>
internal sealed class DpmSolver(int order, bool sde = false, bool heun = false) : Solver
{
    private const int ShortRun = 15;

    /// <summary>One definition per order.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("dpm-2m", "Lu et al. 2022a", _ => new DpmSolver(2)) { Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"dpmsolver\")") },
        new("dpm-3m", "Lu et al. 2022a", _ => new DpmSolver(3)) { Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"dpmsolver\", solver_order=3)") },
        new("sde-dpm-1", "Lu et al. 2022b, eq. 17", _ => new DpmSolver(1, sde: true)) { Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"sde-dpmsolver\", solver_order=1)") },
        new("sde-dpm-2m", "Lu et al. 2022b, eq. 17", a => new DpmSolver(2, sde: true, a.Flag("heun")))
        {
            Parameters = [SolverParameter.Flag("heun", false)], Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"sde-dpmsolver\")"),
        },
    ];

    public override string Name => !sde ? Definitions[order - 2].Name : order == 1 ? Definitions[2].Name : Definitions[3].NameOf(heun ? 1 : 0);

    public override int Order => Math.Min(order, 2);

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
            if (to.IsClean || (p == 1 && !sde))
            {
                return form.Step(from, to, to.Ratio - from.Ratio);
            }

            var h = to.Lambda - from.Lambda;
            var e = Exponential.MinusOne(h);
            var r0 = p == 1 ? 1 : (from.Lambda - levels[k - 1].Lambda) / h;
            if (sde)
            {
                // x' = (alpha'/alpha) x - 2 sigma' e D0 - sigma' (e or 2 (e / h - 1)) D1 + sigma' sqrt(e^2h - 1) z
                var second = p == 1 ? 0 : (heun ? 2 * ((e / h) - 1) : e) / r0;
                return form.Step(from, to, p == 1 ? [-to.Ratio * 2 * e] : [-to.Ratio * ((2 * e) + second), to.Ratio * second])
                    + new LinearCombination { Noise = to.Sigma * Math.Sqrt(Exponential.MinusOne(2 * h)) };
            }

            // x' = (alpha'/alpha) x - sigma' (e D0 + e/2 D1), or with phi2 D1 - phi3 D2; divided by alpha' for the form
            double[] weights = p == 2 ? [e * (1 + (0.5 / r0)), -e * 0.5 / r0]
                : Exponential.ThirdOrder(e, (e / h) - 1, 0.5 - ((e - h) / (h * h)), r0, (levels[k - 1].Lambda - levels[k - 2].Lambda) / h);
            return form.Step(from, to, Array.ConvertAll(weights, w => -to.Ratio * w));
        }
    }
}
