namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// Euler on the probability-flow ODE in x / alpha against sigma / alpha (Karras et al. 2022, algorithm 1 without the correction), with the noise of
/// algorithm 2 where it is asked for: each step first goes up to (1 + gamma) sigma / alpha, gamma = min(churn / n, sqrt(2) - 1).
/// </summary>
/// <param name="churn">S_churn, at least 0.</param>
/// <param name="least">S_tmin, the least sigma / alpha that is churned.</param>
/// <param name="most">S_tmax, the largest.</param>
/// <param name="noise">S_noise, the factor on the noise.</param>
internal sealed class EulerSolver(double churn = 0, double least = 0, double most = EulerSolver.Anywhere, double noise = 1) : Solver
{
    private const double Anywhere = 1e9;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("euler", "Karras et al. 2022, algorithms 1 and 2", a => new EulerSolver(a["churn"], a["s-tmin"], a["s-tmax"], a["s-noise"]))
        {
            Parameters = [new("churn", 0, 0, 1e6), new("s-noise", 1, 0, 2), new("s-tmax", Anywhere, 0, Anywhere), new("s-tmin", 0, 0, Anywhere)],
            Elsewhere = new("EulerDiscreteScheduler", "euler", "sample_euler"),
        },
    ];

    public override string Name => Definitions[0].NameOf(churn, noise, most, least);

    /// <summary>x' = (r'/r) x + (1 - r'/r) D in units of x / alpha, written for the model's own state.</summary>
    internal static LinearCombination Step(NoiseLevel from, NoiseLevel to, double targetRatio)
    {
        var shrink = targetRatio / from.Ratio;
        return from.IsPureNoise
            ? new LinearCombination { State = to.Alpha * targetRatio / from.Sigma, Data = [to.Alpha] }
            : new LinearCombination { State = to.Alpha / from.Alpha * shrink, Data = [to.Alpha * (1 - shrink)] };
    }

    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) => churn == 0 ? DiffusersScheduler.Euler(process) : null;

    public override KSampler? KSamplerOn(NoiseProcess process) => churn == 0 ? KSampler.Euler : null;

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        if (churn == 0)
        {
            return RowPerStep(levels, k => Step(levels[k], levels[k + 1], levels[k + 1].Ratio));
        }

        NoiseLevel[] called = [.. levels.SkipLast(1).Select(l => Churned(l, levels.Length - 1, schedule)), levels[^1]];
        return RowPerStep(called, k => Next(called[k], levels[k + 1], called[k + 1])) with
        {
            // The start is drawn at the level that is called first, not raised to it by a second draw.
            StartScale = schedule.StartScale(called[0]) / schedule.StartScale(levels[0]),
        };
    }

    // the step to the next level, and up from there to where the network is called
    private LinearCombination Next(NoiseLevel from, NoiseLevel to, NoiseLevel up)
    {
        var step = Step(from, up, to.Ratio);
        return step with { Noise = up.Alpha * noise * Math.Sqrt(Math.Max(0, (up.Ratio * up.Ratio) - (to.Ratio * to.Ratio))) };
    }

    private NoiseLevel Churned(NoiseLevel level, int steps, NoiseSchedule schedule)
    {
        var gamma = level.Ratio >= least && level.Ratio <= most ? Math.Min(churn / steps, Math.Sqrt(2) - 1) : 0;
        return gamma == 0 ? level : schedule.At(schedule.Nearest(schedule.TimeOfRatio(level.Ratio * (1 + gamma))));
    }
}
