namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// Trajectory consistency distillation (Zheng et al. 2024): a DDIM step to the time (1 - eta) t' and noise from there to t'. A step to no noise ends at
/// the model's smallest time, without noise, as in diffusers.
/// </summary>
/// <param name="eta">Share of the way that is noise, 0 to 1.</param>
internal sealed class TcdSolver(double eta = 0.3) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("tcd", "Zheng et al. 2024, algorithm 4", a => new TcdSolver(a["eta"])) { Parameters = [new("eta", 0.3, 0, 1)], Elsewhere = new("TCDScheduler"), Distilled = true },
    ];

    public override string Name => Definitions[0].NameOf(eta);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => schedule is LogSigmaNoiseSchedule
        ? throw new ArgumentException($"{Name} steps to a share of the time, which on this model is a logarithm (ln sigma / 4); it is for models distilled on training steps or u.")
        : RowPerStep(levels, k => Step(levels[k], levels[k + 1], schedule));

    private LinearCombination Step(NoiseLevel from, NoiseLevel to, NoiseSchedule schedule)
    {
        if (to.IsClean)
        {
            return Deterministic(from, schedule.At(schedule.MinTime));
        }

        var time = (1 - eta) * to.Time;
        var middle = schedule.At(Math.Max(schedule.MinTime, schedule.TrainSteps is null ? time : Math.Floor(time)));
        var a = to.Alpha / middle.Alpha;
        return (a * Deterministic(from, middle)) with { Noise = Math.Sqrt(Math.Max(0, (to.Sigma * to.Sigma) - (a * a * middle.Sigma * middle.Sigma))) };
    }

    // alpha' D + sigma' eps,  eps = (x - alpha D_raw) / sigma
    private static LinearCombination Deterministic(NoiseLevel from, NoiseLevel to)
    {
        var shrink = to.Sigma / from.Sigma;
        return new LinearCombination { State = shrink, Raw = -shrink * from.Alpha, Data = [to.Alpha] };
    }
}
