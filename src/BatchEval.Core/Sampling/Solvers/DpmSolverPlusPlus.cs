namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// DPM-Solver++ multistep (Lu et al. 2022b, algorithm 2 "2M", midpoint form, and the third-order form), in the data prediction.
/// The order grows over the first steps, and a step to no noise is of order 1, its exact limit.
/// </summary>
/// <param name="order">1, 2 or 3.</param>
/// <param name="heun">Of order 2 only: true for the second-order term of diffusers' <c>solver_type="heun"</c>.</param>
/// <param name="diffusers">
/// Of order 3 only: true to halve the second-derivative term as diffusers and the authors' code do, which makes the method converge with
/// order 2, and to end with steps of order 2 and 1 below 15 steps (<c>lower_order_final</c>); false for the Taylor coefficient, with which
/// every step but the first two is of order 3. Those are of order 1 and 2, so that the error of a whole run falls with order 3 only while
/// the first steps are short, and with order 2 in the end.
/// </param>
internal sealed class DpmSolverPlusPlus(int order, bool diffusers = false, bool heun = false) : Solver
{
    // diffusers' lower_order_final
    private const int ShortRun = 15;

    /// <summary>One definition per order.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("dpmpp-1", "Lu et al. 2022b, eq. 13", _ => new DpmSolverPlusPlus(1)) { Elsewhere = new("DPMSolverMultistepScheduler(solver_order=1)") },
        new("dpmpp-2m", "Lu et al. 2022b, algorithm 2", a => new DpmSolverPlusPlus(2, heun: a.Flag("heun")))
        {
            Parameters = [SolverParameter.Flag("heun", false)], Elsewhere = new("DPMSolverMultistepScheduler", "dpmpp_2m", "sample_dpmpp_2m"),
        },
        new("dpmpp-3m", "Lu et al. 2022b, appendix", a => new DpmSolverPlusPlus(3, a.Flag("diffusers")))
        {
            Parameters = [SolverParameter.Flag("diffusers", false)], Elsewhere = new("DPMSolverMultistepScheduler(solver_order=3)"),
        },
    ];

    public override string Name => order switch
    {
        1 => Definitions[0].Name,
        2 => Definitions[1].NameOf(heun ? 1 : 0),
        _ => Definitions[2].NameOf(diffusers ? 1 : 0),
    };

    public override int Order => order == 3 && diffusers ? 2 : order;

    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) =>
        order == 1 && process != NoiseProcess.Discrete ? DiffusersScheduler.Euler(process)
        : process != NoiseProcess.Discrete || (order == 3 && !diffusers) || heun ? null
        : new("DPMSolverMultistepScheduler", ("algorithm_type", "\"dpmsolver++\""), ("lower_order_final", order == 3 ? "True" : "False"), ("solver_order", $"{order}")); // acts below 15 steps

    public override KSampler? KSamplerOn(NoiseProcess process) => order switch
    {
        1 => KSampler.Euler,
        2 when process != NoiseProcess.Flow && !heun => new("dpmpp_2m"),
        _ => null,
    };

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels, k), order);

    private LinearCombination Step(NoiseLevel[] levels, int k)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            return new LinearCombination { Data = [to.Alpha] };
        }

        var h = to.Lambda - from.Lambda;
        var shrink = to.Sigma / from.Sigma;
        var phi = -to.Alpha * ExpM1(-h);
        var left = levels.Length - 1 - k;
        var effective = Math.Min(order, diffusers && levels.Length - 1 < ShortRun ? Math.Min(k + 1, left) : k + 1);
        return new LinearCombination
        {
            State = shrink,
            Data = effective switch
            {
                1 => [phi],
                2 => heun && order == 2
                    ? Exponential.SecondOrder(phi, to.Alpha * ((ExpM1(-h) / h) + 1), (from.Lambda - levels[k - 1].Lambda) / h)
                    : SecondOrder(phi, (from.Lambda - levels[k - 1].Lambda) / h),
                _ => ThirdOrder(to.Alpha, h, (from.Lambda - levels[k - 1].Lambda) / h, (levels[k - 1].Lambda - levels[k - 2].Lambda) / h),
            },
        };
    }

    // phi (D0 + D1 / 2),  D1 = (m0 - m1) / r0
    private static double[] SecondOrder(double phi, double r0) => [phi * (1 + (0.5 / r0)), -phi * 0.5 / r0];

    private double[] ThirdOrder(double alpha, double h, double r0, double r1) =>
        Exponential.ThirdOrder(-alpha * ExpM1(-h), alpha * ((ExpM1(-h) / h) + 1), (diffusers ? 1 : 2) * alpha * (((ExpM1(-h) + h) / (h * h)) - 0.5), r0, r1);

    private static double ExpM1(double x) => Exponential.MinusOne(x);
}
