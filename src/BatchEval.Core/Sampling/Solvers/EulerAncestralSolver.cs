namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Euler steps with ancestral noise: r_up^2 = eta^2 r'^2 (r^2 - r'^2) / r^2, r_down^2 = r'^2 - r_up^2 (k-diffusion's formula).</summary>
/// <param name="eta">Share of the ancestral noise, 0 to 1.</param>
internal sealed class EulerAncestralSolver(double eta = 1) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("euler-ancestral", "k-diffusion", a => new EulerAncestralSolver(a["eta"]))
        {
            Parameters = [new("eta", 1, 0, 1)], Elsewhere = new("EulerAncestralDiscreteScheduler", "euler_ancestral", "sample_euler_ancestral", "Euler a"),
        },
    ];

    public override string Name => Definitions[0].NameOf(eta);

    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) => eta == 0 ? DiffusersScheduler.Euler(process) : null;

    public override KSampler? KSamplerOn(NoiseProcess process) => KSampler.Ancestral(process, eta);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels[k], levels[k + 1]));

    private LinearCombination Step(NoiseLevel from, NoiseLevel to)
    {
        var (r, next) = (from.Ratio, to.Ratio);
        var up = Math.Min(next, eta * next * Math.Sqrt(1 - (next * next / (r * r))));
        var down = Math.Sqrt(Math.Max(0, (next * next) - (up * up)));
        return EulerSolver.Step(from, to, down) with { Noise = to.Alpha * up };
    }
}
