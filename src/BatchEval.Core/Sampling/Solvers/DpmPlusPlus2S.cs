namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// DPM-Solver++(2S) (Lu et al. 2022b, algorithm 1, r = 1/2), with k-diffusion's ancestral noise: two calls per step, one on a step to no noise. The second
/// call lies halfway in log(sigma / alpha).
/// </summary>
/// <param name="ancestral">True for the variant with noise.</param>
/// <param name="eta">Share of the ancestral noise, 0 to 1.</param>
internal sealed class DpmPlusPlus2S(bool ancestral, double eta = 1, double noise = 1) : Solver
{
    /// <summary>Both variants.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("dpmpp-2s", "Lu et al. 2022b, algorithm 1", _ => new DpmPlusPlus2S(false)),
        new("dpmpp-2s-ancestral", "k-diffusion", a => new DpmPlusPlus2S(true, a["eta"], a["s-noise"]))
        {
            Parameters = [new("eta", 1, 0, 1), new("s-noise", 1, 0, 2)], Elsewhere = new(null, "dpmpp_2s_ancestral", "sample_dpmpp_2s_ancestral", "DPM++ 2S a"),
        },
    ];

    public override string Name => ancestral ? Definitions[1].NameOf(eta, noise) : Definitions[0].Name;

    public override int Order => ancestral ? 1 : 2;

    public override int CallsPerStep => 2;

    // ComfyUI rounds the times between levels of discrete models
    public override KSampler? KSamplerOn(NoiseProcess process) => !ancestral || process == NoiseProcess.Flow ? null
        : new("dpmpp_2s_ancestral", ("eta", FormattableString.Invariant($"{eta}")), ("s_noise", FormattableString.Invariant($"{noise}"))) { InComfyUi = process == NoiseProcess.Sigma, ComfyNode = ("SamplerDPMPP_2S_Ancestral", ["eta", "s_noise"]) };

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var rows = new List<SolverRow>();
        for (var k = 0; k < levels.Length - 1; k++)
        {
            var (from, to) = (levels[k], levels[k + 1]);
            var (down, up) = AncestralStep.Split(from.Ratio, to.Ratio, ancestral ? eta : 0);
            if (down == 0)
            {
                rows.Add(new SolverRow(k, from, new LinearCombination { Data = [to.Alpha], Noise = to.Alpha * up * noise }, LinearCombination.Keep));
                continue;
            }

            var middle = AncestralStep.Halfway(from, down, schedule);
            var (first, second) = (AncestralStep.Exponential(from, middle.Ratio), AncestralStep.Exponential(from, down));
            rows.Add(new SolverRow(k, from, new LinearCombination { State = middle.Alpha * first.State, Data = [middle.Alpha * first.Data] }, LinearCombination.Keep));
            rows.Add(new SolverRow(k, middle, new LinearCombination { Anchor = to.Alpha * second.State, Data = [to.Alpha * second.Data], Noise = to.Alpha * up * noise }, LinearCombination.Keep));
        }

        return new CoefficientTable(rows, History: 1);
    }
}
