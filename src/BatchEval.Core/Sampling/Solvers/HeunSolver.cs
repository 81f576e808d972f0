namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// Heun's second-order method (Karras et al. 2022, algorithm 1): two network calls per step, one on a last step to no noise. The trapezoid is taken
/// in u for flow models (as diffusers' flow Heun), sigma / alpha up to 200 for others, and beyond,
/// where alpha vanishes, in the data prediction: x' = (sigma'/sigma) y + (alpha' - alpha sigma'/sigma) (D1 + D2) / 2.
/// </summary>
internal sealed class HeunSolver : Solver
{
    private const double MostRatio = 200;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
        [new("heun", "Karras et al. 2022, algorithm 1", _ => new HeunSolver()) { Elsewhere = new("HeunDiscreteScheduler", "heun", "sample_heun") }];

    public override string Name => Definitions[0].Name;

    public override int Order => 2;

    public override int CallsPerStep => 2;

    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) => process == NoiseProcess.Discrete ? new("HeunDiscreteScheduler") : null;

    public override KSampler? KSamplerOn(NoiseProcess process) => process == NoiseProcess.Flow ? null : new("heun");

    public override string? DepartsOn(IReadOnlyList<NoiseLevel> levels, NoiseProcess process) =>
        process != NoiseProcess.Flow && levels.Where((l, k) => k + 1 < levels.Count && l.Ratio > MostRatio && !levels[k + 1].IsClean).Any()
            ? FormattableString.Invariant($"heun: above sigma / alpha = {MostRatio} steps are taken in the data prediction here, and in sigma / alpha there")
            : null;

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var rows = new List<SolverRow>();
        for (var k = 0; k < levels.Length - 1; k++)
        {
            var (from, to) = (levels[k], levels[k + 1]);
            rows.Add(new SolverRow(k, from, EulerSolver.Step(from, to, to.Ratio), LinearCombination.Keep));
            if (!to.IsClean)
            {
                rows.Add(new SolverRow(k, to, schedule.Process == NoiseProcess.Flow ? CorrectFlow(from, to) : from.Ratio > MostRatio ? CorrectData(from, to) : Correct(from, to)));
            }
        }

        return new CoefficientTable(rows, History: 2);
    }

    // y + (r' - r)/2 (d1 + d2),  d1 = (y - D1)/r at the step's start y,  d2 = (x - D2)/r' at the Euler point x
    private static LinearCombination Correct(NoiseLevel from, NoiseLevel to)
    {
        var half = (to.Ratio - from.Ratio) / 2;
        return new LinearCombination
        {
            Anchor = to.Alpha / from.Alpha * (1 + (half / from.Ratio)),
            State = half / to.Ratio,
            Data = [-to.Alpha * half / to.Ratio, -to.Alpha * half / from.Ratio],
        };
    }

    // y + (u' - u)/2 (v1 + v2),  v1 = (y - D1)/u,  v2 = (x - D2)/u'
    private static LinearCombination CorrectFlow(NoiseLevel from, NoiseLevel to)
    {
        var half = (to.Sigma - from.Sigma) / 2;
        return new LinearCombination { Anchor = 1 + (half / from.Sigma), State = half / to.Sigma, Data = [-half / to.Sigma, -half / from.Sigma] };
    }

    private static LinearCombination CorrectData(NoiseLevel from, NoiseLevel to)
    {
        var half = (to.Alpha - (from.Alpha * to.Sigma / from.Sigma)) / 2;
        return new LinearCombination { Anchor = to.Sigma / from.Sigma, Data = [half, half] };
    }
}
