namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// Latent consistency models (Luo et al. 2023): x0 = c_skip x + c_out D with c_skip = 0.25 / (s^2 + 0.25), c_out = s / sqrt(s^2 + 0.25), s = scaling t,
/// then fresh noise at the next level. t is the training index, 1000 u for flow models, and sigma where that is the time.
/// </summary>
/// <param name="scaling">Scaling of the time in the boundary condition; 10 in the published models.</param>
internal sealed class LcmSolver(double scaling = 10) : Solver
{
    private const double DataVariance = 0.25;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("lcm", "Luo et al. 2023", a => new LcmSolver(a["scaling"]))
        {
            Parameters = [new("scaling", 10, 0, 1e6)], Elsewhere = new("LCMScheduler", "lcm"), Distilled = true,
        },
    ];

    public override string Name => Definitions[0].NameOf(scaling);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => schedule is LogSigmaNoiseSchedule
        ? throw new ArgumentException($"{Name} weighs by the time, which on this model is a logarithm (ln sigma / 4); it is for models distilled on training steps or u.")
        : RowPerStep(levels, k => Step(levels[k + 1], schedule.Process == NoiseProcess.Flow ? schedule.TrainingTime(levels[k]) : levels[k].Time));

    private LinearCombination Step(NoiseLevel to, double time)
    {
        var s = scaling * time;
        var (skip, data) = (DataVariance / ((s * s) + DataVariance), s / Math.Sqrt((s * s) + DataVariance));
        return new LinearCombination { State = to.Alpha * skip, Data = [to.Alpha * data], Noise = to.Sigma };
    }
}
