namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Euler on the probability-flow ODE in x / alpha against sigma / alpha (Karras et al. 2022, algorithm 1 without the correction).</summary>
public sealed class EulerSolver : Solver
{
    /// <summary>Its definition.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
        [new("euler", "Karras et al. 2022, algorithm 1", _ => new EulerSolver()) { Elsewhere = new("EulerDiscreteScheduler", "euler", "sample_euler") }];

    /// <inheritdoc/>
    public override string Name => Definitions[0].Name;

    /// <summary>x' = (r'/r) x + (1 - r'/r) D in units of x / alpha, written for the model's own state.</summary>
    internal static LinearCombination Step(NoiseLevel from, NoiseLevel to, double targetRatio)
    {
        var shrink = targetRatio / from.Ratio;
        return new LinearCombination { State = to.Alpha / from.Alpha * shrink, Data = [to.Alpha * (1 - shrink)] };
    }

    /// <inheritdoc/>
    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) => DiffusersScheduler.Euler(process);

    /// <inheritdoc/>
    public override KSampler? KSamplerOn(NoiseProcess process) => KSampler.Euler;

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) =>
        RowPerStep(levels, k => Step(levels[k], levels[k + 1], levels[k + 1].Ratio));
}
