namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// The linear multistep method of k-diffusion: Adams-Bashforth with weights for the steps' own lengths, in sigma / alpha (in u for flow models).
/// </summary>
/// <param name="order">1 to 4.</param>
internal sealed class LmsSolver(int order = 4) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("lms", "k-diffusion", a => new LmsSolver(a.Whole("order")))
        {
            Parameters = [new("order", 4, 1, 4, Whole: true)], Elsewhere = new("LMSDiscreteScheduler", "lms", "sample_lms"),
        },
    ];

    public override string Name => Definitions[0].NameOf(order);

    public override int Order => order;

    // ComfyUI's takes a step to no noise with order 1
    public override KSampler? KSamplerOn(NoiseProcess process) => process == NoiseProcess.Flow ? null : new("lms", ("order", $"{order}")) { InComfyUi = false };

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var form = new OdeForm(schedule.Process);
        return RowPerStep(levels, k => form.Step(levels[k], levels[k + 1], Weights(k)), order, form.Slope);

        double[] Weights(int k) =>
            AdamsBashforth.Integrals([.. Enumerable.Range(0, Math.Min(order, k + 1)).Select(j => form.At(levels[k - j]))], form.At(levels[k]), form.At(levels[k + 1]));
    }
}
