namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// k-diffusion's DPM-Solver++ (stochastic): 2S with ancestral noise on both halves, two calls per step, one on a step to no noise. Both noises are
/// fresh, where k-diffusion takes them from one Brownian path.
/// </summary>
/// <param name="eta">Share of the ancestral noise, 0 to 1.</param>
internal sealed class DpmPlusPlusSde(double eta = 1, double noise = 1) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("dpmpp-sde", "k-diffusion", a => new DpmPlusPlusSde(a["eta"], a["s-noise"]))
        {
            Parameters = [new("eta", 1, 0, 1), new("s-noise", 1, 0, 2)], Elsewhere = new("DPMSolverSDEScheduler", "dpmpp_sde", "sample_dpmpp_sde"),
        },
    ];

    public override string Name => Definitions[0].NameOf(eta, noise);

    public override int CallsPerStep => 2;

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var rows = new List<SolverRow>();
        for (var k = 0; k < levels.Length - 1; k++)
        {
            var (from, to) = (levels[k], levels[k + 1]);
            if (to.IsClean)
            {
                rows.Add(new SolverRow(k, from, new LinearCombination { Data = [to.Alpha] }, LinearCombination.Keep));
                continue;
            }

            var middle = AncestralStep.Halfway(from, to.Ratio, schedule);
            var half = AncestralStep.Split(from.Ratio, middle.Ratio, eta);
            var whole = AncestralStep.Split(from.Ratio, to.Ratio, eta);
            var (first, second) = (AncestralStep.Exponential(from, half.Down), AncestralStep.Exponential(from, whole.Down));
            rows.Add(new SolverRow(
                k, from, new LinearCombination { State = middle.Alpha * first.State, Data = [middle.Alpha * first.Data], Noise = middle.Alpha * half.Up * noise }, LinearCombination.Keep));
            // 1 / (2 r) = 1: the second call's data prediction alone
            rows.Add(new SolverRow(
                k, middle, new LinearCombination { Anchor = to.Alpha * second.State, Data = [to.Alpha * second.Data], Noise = to.Alpha * whole.Up * noise }, LinearCombination.Keep));
        }

        return new CoefficientTable(rows, History: 1);
    }
}
