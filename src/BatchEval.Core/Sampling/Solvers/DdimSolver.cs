namespace BatchEval.Core.Sampling.Solvers;

/// <summary>DDIM (Song et al. 2021, eq. 12); <paramref name="eta"/> 0 is deterministic, 1 the variance of DDPM.</summary>
/// <param name="eta">Share of the posterior's noise, 0 to 1.</param>
/// <param name="clipNoise">
/// True to recompute eps from the clamped data prediction (guided-diffusion); false to use the network's own eps, as diffusers does by default.
/// Without clamping there is no difference.
/// </param>
internal sealed class DdimSolver(double eta = 0, bool clipNoise = true) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("ddim", "Song et al. 2021, eq. 12", a => new DdimSolver(a["eta"], a.Flag("clip-noise")))
        {
            Parameters = [SolverParameter.Flag("clip-noise", true), new("eta", 0, 0, 1)], Elsewhere = new("DDIMScheduler", "ddim"),
        },
    ];

    public override string Name => Definitions[0].NameOf(clipNoise ? 1 : 0, eta);

    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) => eta == 0 ? DiffusersScheduler.Euler(process) : null;

    public override KSampler? KSamplerOn(NoiseProcess process) => KSampler.Ancestral(process, eta);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels[k], levels[k + 1]));

    // x' = alpha' D + sqrt(sigma'^2 - s^2) eps + s z,  eps = (x - alpha D) / sigma
    private LinearCombination Step(NoiseLevel from, NoiseLevel to)
    {
        var abarRatio = from.Alpha * from.Alpha / (to.Alpha * to.Alpha);
        // the posterior's variance for any alpha and sigma; sigma^2 - (alpha/alpha')^2 sigma'^2 = 1 - abar/abar' when variance is preserved
        var s = eta * to.Sigma / from.Sigma * Math.Sqrt(Math.Max(0, (from.Sigma * from.Sigma) - (abarRatio * to.Sigma * to.Sigma)));
        var direction = Math.Sqrt(Math.Max(0, (to.Sigma * to.Sigma) - (s * s))) / from.Sigma;
        var combination = new LinearCombination { State = direction, Noise = s };
        return clipNoise
            ? combination with { Data = [to.Alpha - (direction * from.Alpha)] }
            : combination with { Data = [to.Alpha], Raw = -direction * from.Alpha };
    }
}
