namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Ancestral sampling (Ho et al. 2020, eqs. 6 and 7), on any descending list.</summary>
/// <param name="large">False for the posterior's own variance ("fixed small"), true for beta ("fixed large").</param>
/// <param name="learned">True where the network says element by element what lies between the two ("learned range": Nichol and Dhariwal 2021, eq. 15).</param>
internal sealed class DdpmSolver(bool large = false, bool learned = false) : Solver
{
    private const double VarianceFloor = 1e-20;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
        [new("ddpm", "Ho et al. 2020, eqs. 6 and 7", a => new DdpmSolver(a.Flag("large"), a.Flag("learned")))
        {
            Parameters = [SolverParameter.Flag("large", false), SolverParameter.Flag("learned", false)], Elsewhere = new("DDPMScheduler", "ddpm"),
        }];

    public override string Name => Definitions[0].NameOf(large ? 1 : 0, learned ? 1 : 0);

    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) =>
        process == NoiseProcess.Discrete && !learned ? new("DDPMScheduler", ("variance_type", large ? "\"fixed_large\"" : "\"fixed_small\"")) : null;

    public override KSampler? KSamplerOn(NoiseProcess process) => large || learned ? null : KSampler.Ancestral(process, 1);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var table = RowPerStep(levels, k => Step(levels[k], levels[k + 1]));
        return !learned ? table : table with { Rows = [.. table.Rows.Select(r => r with { LearnedNoise = r.Next.Noise == 0 ? null : Math.Log(Widest(levels[r.Step], levels[r.Step + 1]) / r.Next.Noise) })] };
    }

    // sqrt(beta)
    private static double Widest(NoiseLevel from, NoiseLevel to)
    {
        var a = from.Alpha / to.Alpha;
        return Math.Sqrt((from.Sigma * from.Sigma) - (a * a * to.Sigma * to.Sigma));
    }


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
            Noise = to.IsClean ? 0 : large ? Widest(from, to) : Math.Sqrt(Math.Max(to.Sigma * to.Sigma / variance * beta, VarianceFloor)),
        };
    }
}
