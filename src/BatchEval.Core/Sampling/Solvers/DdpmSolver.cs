namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Ancestral sampling (Ho et al. 2020, eqs. 6 and 7), on any descending list.</summary>
/// <param name="large">False for the posterior's own variance ("fixed small"), true for beta ("fixed large").</param>
public sealed class DdpmSolver(bool large = false) : Solver
{
    private const double VarianceFloor = 1e-20;

    /// <summary>Its definition.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
        [new("ddpm", "Ho et al. 2020, eqs. 6 and 7", a => new DdpmSolver(a.Flag("large"))) { Parameters = [SolverParameter.Flag("large", false)], Elsewhere = new("DDPMScheduler", "ddpm") }];

    /// <inheritdoc/>
    public override string Name => Definitions[0].NameOf(large ? 1 : 0);

    /// <inheritdoc/>
    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) =>
        process == NoiseProcess.Discrete ? new("DDPMScheduler", ("variance_type", large ? "\"fixed_large\"" : "\"fixed_small\"")) : null;

    /// <inheritdoc/>
    public override KSampler? KSamplerOn(NoiseProcess process) => large ? null : KSampler.Ancestral(process, 1);

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels[k], levels[k + 1]));

    // mean = alpha' beta / sigma^2 D + (alpha / alpha') sigma'^2 / sigma^2 x,  variance = sigma'^2 / sigma^2 beta
    private LinearCombination Step(NoiseLevel from, NoiseLevel to)
    {
        var a = from.Alpha / to.Alpha;
        var variance = from.Sigma * from.Sigma;
        var beta = variance - (a * a * to.Sigma * to.Sigma);
        return new LinearCombination
        {
            State = a * to.Sigma * to.Sigma / variance,
            Data = [to.Alpha * beta / variance],
            Noise = to.IsClean ? 0 : large ? Math.Sqrt(beta) : Math.Sqrt(Math.Max(to.Sigma * to.Sigma / variance * beta, VarianceFloor)),
        };
    }
}
