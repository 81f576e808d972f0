namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Ancestral sampling with the posterior's own ("fixed small") variance (Ho et al. 2020, eqs. 6 and 7), on any descending list.</summary>
public sealed class DdpmSolver : Solver
{
    private const double VarianceFloor = 1e-20;

    /// <summary>Its definition.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
        [new("ddpm", "Ho et al. 2020, eqs. 6 and 7", _ => new DdpmSolver()) { Elsewhere = new("DDPMScheduler", "ddpm") }];

    /// <inheritdoc/>
    public override string Name => Definitions[0].Name;

    /// <inheritdoc/>
    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) =>
        process == NoiseProcess.Discrete ? new("DDPMScheduler", ("variance_type", "\"fixed_small\"")) : null;

    /// <inheritdoc/>
    public override KSampler? KSamplerOn(NoiseProcess process) => KSampler.Ancestral(process, 1);

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels[k], levels[k + 1]));

    // mean = alpha' beta / sigma^2 D + (alpha / alpha') sigma'^2 / sigma^2 x,  variance = sigma'^2 / sigma^2 beta
    private static LinearCombination Step(NoiseLevel from, NoiseLevel to)
    {
        var a = from.Alpha / to.Alpha;
        var variance = from.Sigma * from.Sigma;
        var beta = variance - (a * a * to.Sigma * to.Sigma);
        return new LinearCombination
        {
            State = a * to.Sigma * to.Sigma / variance,
            Data = [to.Alpha * beta / variance],
            Noise = to.IsClean ? 0 : Math.Sqrt(Math.Max(to.Sigma * to.Sigma / variance * beta, VarianceFloor)),
        };
    }
}
