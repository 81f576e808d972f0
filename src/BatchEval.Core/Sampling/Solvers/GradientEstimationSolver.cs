namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Gradient estimation (Permenter and Yuan 2024): Euler with the slope d + (gamma - 1) (d - d_before). A step to no noise is the data prediction.</summary>
/// <param name="gamma">At least 1; 1 is Euler, 2 the authors'.</param>
internal sealed class GradientEstimationSolver(double gamma = 2) : Solver
{
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("gradient-estimation", "Permenter and Yuan 2024", a => new GradientEstimationSolver(a["gamma"]))
        {
            Parameters = [new("gamma", 2, 1, 5)], Elsewhere = new(null, "gradient_estimation"),
        },
    ];

    public override string Name => Definitions[0].NameOf(gamma);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var form = new OdeForm(schedule.Process);
        return RowPerStep(levels, Step, 2, form.Slope);

        LinearCombination Step(int k)
        {
            var h = form.At(levels[k + 1]) - form.At(levels[k]);
            return k == 0 || levels[k + 1].IsClean
                ? form.Step(levels[k], levels[k + 1], h)
                : form.Step(levels[k], levels[k + 1], gamma * h, (1 - gamma) * h);
        }
    }
}
