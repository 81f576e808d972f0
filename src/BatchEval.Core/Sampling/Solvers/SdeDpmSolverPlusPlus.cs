namespace BatchEval.Core.Sampling.Solvers;

/// <summary>SDE-DPM-Solver++ of order 1 or 2 (Lu et al. 2022b, midpoint form), in the data prediction.</summary>
/// <param name="order">1 or 2.</param>
public sealed class SdeDpmSolverPlusPlus(int order) : Solver
{
    /// <summary>One definition per order.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("sde-dpmpp-1", "Lu et al. 2022b, eq. 18", _ => new SdeDpmSolverPlusPlus(1))
        {
            Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"sde-dpmsolver++\", solver_order=1)"),
        },
        new("sde-dpmpp-2m", "Lu et al. 2022b, eq. 18", _ => new SdeDpmSolverPlusPlus(2))
        {
            Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"sde-dpmsolver++\")", "dpmpp_2m_sde", "sample_dpmpp_2m_sde"),
        },
    ];

    /// <inheritdoc/>
    public override string Name => Definitions[order - 1].Name;

    /// <inheritdoc/>
    public override int Order => order;

    /// <inheritdoc/>
    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) =>
        process == NoiseProcess.Discrete ? new("DPMSolverMultistepScheduler", ("algorithm_type", "\"sde-dpmsolver++\""), ("solver_order", $"{order}")) : null;

    /// <inheritdoc/>
    public override KSampler? KSamplerOn(NoiseProcess process) =>
        order == 1 ? KSampler.Ancestral(process, 1)
        : process == NoiseProcess.Flow ? null
        : new("dpmpp_2m_sde", ("eta", "1"), ("solver_type", "\"midpoint\""));

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels, k), order);

    // x' = (sigma'/sigma) e^-h x + alpha' (1 - e^-2h) (D0 + D1/2) + sigma' sqrt(1 - e^-2h) z
    private LinearCombination Step(NoiseLevel[] levels, int k)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            return new LinearCombination { Data = [to.Alpha] };
        }

        var h = to.Lambda - from.Lambda;
        var share = -Exponential.MinusOne(-2 * h);
        var half = order == 1 || k == 0 ? 0 : 0.5 * h / (from.Lambda - levels[k - 1].Lambda);
        return new LinearCombination
        {
            State = to.Sigma / from.Sigma * Math.Exp(-h),
            Data = half == 0 ? [to.Alpha * share] : [to.Alpha * share * (1 + half), -to.Alpha * share * half],
            Noise = to.Sigma * Math.Sqrt(share),
        };
    }
}
