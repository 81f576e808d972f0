namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// Refined exponential solver, second-order multistep (Zhang et al. 2023, "RES"), with ancestral noise in one variant: x'/alpha' = e^-h x/alpha +
/// h (b1 D + b2 D_before), b2 = phi2(-h) / c2, b1 = phi1(-h) - b2.
/// </summary>
/// <param name="ancestral">True for the variant with noise.</param>
/// <param name="eta">Share of the ancestral noise, 0 to 1.</param>
internal sealed class ResMultistepSolver(bool ancestral, double eta = 1, double noise = 1) : Solver
{
    /// <summary>Both variants.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("res-multistep", "Zhang et al. 2023", _ => new ResMultistepSolver(false)) { Elsewhere = new(null, "res_multistep") },
        new("res-multistep-ancestral", "ComfyUI", a => new ResMultistepSolver(true, a["eta"], a["s-noise"]))
        {
            Parameters = [new("eta", 1, 0, 1), new("s-noise", 1, 0, 2)], Elsewhere = new(null, "res_multistep_ancestral"),
        },
    ];

    public override string Name => ancestral ? Definitions[1].NameOf(eta, noise) : Definitions[0].Name;

    public override int Order => ancestral ? 1 : 2;

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels, k), 2);

    private LinearCombination Step(NoiseLevel[] levels, int k)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        var (down, up) = AncestralStep.Split(from.Ratio, to.Ratio, ancestral ? eta : 0);
        if (down == 0 || k == 0)
        {
            return EulerSolver.Step(from, to, down) with { Noise = to.Alpha * up * noise };
        }

        var t = from.Lambda;
        var h = -Math.Log(down) - t;
        // where the step before would have ended without noise
        var before = -Math.Log(AncestralStep.Split(levels[k - 1].Ratio, from.Ratio, ancestral ? eta : 0).Down);
        var c2 = (levels[k - 1].Lambda - before) / h;
        var phi1 = Exponential.MinusOne(-h) / -h;
        var phi2 = (phi1 - 1) / -h;
        return new LinearCombination
        {
            State = to.Alpha * down / from.Sigma,
            Data = [to.Alpha * h * (phi1 - (phi2 / c2)), to.Alpha * h * phi2 / c2],
            Noise = to.Alpha * up * noise,
        };
    }
}
