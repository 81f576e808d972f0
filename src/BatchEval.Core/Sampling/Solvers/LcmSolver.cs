namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// Latent consistency models (Luo et al. 2023): x0 = c_skip x + c_out D with c_skip = 0.25 / (s^2 + 0.25), c_out = s / sqrt(s^2 + 0.25), s = scaling t,
/// then fresh noise at the next level.
/// </summary>
/// <param name="scaling">Scaling of the time in the boundary condition; 10 in the published models.</param>
public sealed class LcmSolver(double scaling = 10) : Solver
{
    private const double DataVariance = 0.25;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("lcm", "Luo et al. 2023", a => new LcmSolver(a["scaling"]))
        {
            Parameters = [new("scaling", 10, 0, 1e6)], Elsewhere = new("LCMScheduler", "lcm"),
        },
    ];

    public override string Name => Definitions[0].NameOf(scaling);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels[k], levels[k + 1]));

    private LinearCombination Step(NoiseLevel from, NoiseLevel to)
    {
        var s = scaling * from.Time;
        var (skip, data) = (DataVariance / ((s * s) + DataVariance), s / Math.Sqrt((s * s) + DataVariance));
        return new LinearCombination { State = to.Alpha * skip, Data = [to.Alpha * data], Noise = to.Sigma };
    }
}
