namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// iPNDM (Zhang and Chen 2023, appendix): Adams-Bashforth with the weights of equal steps whatever their lengths, in sigma / alpha (in u for
/// flow models). A step to no noise is the data prediction.
/// </summary>
/// <param name="order">1 to 4.</param>
internal sealed class IpndmSolver(int order = 4) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("ipndm", "Zhang and Chen 2023; diff-sampler", a => new IpndmSolver(a.Whole("order")))
        {
            Parameters = [new("order", 4, 1, 4, Whole: true)], Elsewhere = new(null, "ipndm"),
        },
    ];

    public override string Name => Definitions[0].NameOf(order);

    // Steps of unequal lengths leave order 2 of the weights of equal ones.
    public override int Order => Math.Min(order, 2);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var form = new OdeForm(schedule.Process);
        return RowPerStep(levels, Step, order, form.Slope);

        LinearCombination Step(int k)
        {
            var h = form.At(levels[k + 1]) - form.At(levels[k]);
            return form.Step(levels[k], levels[k + 1], [.. AdamsBashforth.Equal(levels[k + 1].IsClean ? 1 : Math.Min(order, k + 1)).Select(w => h * w)]);
        }
    }
}
