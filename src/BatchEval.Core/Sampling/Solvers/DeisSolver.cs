namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// DEIS with polynomials in log rho, rho = sigma / alpha ("rho AB-DEIS", Zhang and Chen 2023): the integral over rho of Lagrange polynomials in
/// log rho times the noise predictions. As in diffusers the order falls over the last steps of runs below 15 steps.
/// </summary>
/// <param name="order">1 to 3.</param>
internal sealed class DeisSolver(int order = 2) : Solver
{
    private const int ShortRun = 15;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("deis", "Zhang and Chen 2023", a => new DeisSolver(a.Whole("order")))
        {
            Parameters = [new("order", 2, 1, 3, Whole: true)], Elsewhere = new("DEISMultistepScheduler", "deis"),
        },
    ];

    public override string Name => Definitions[0].NameOf(order);

    public override int Order => order;

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var form = new OdeForm(NoiseProcess.Sigma);
        var steps = levels.Length - 1;
        return RowPerStep(levels, Step, order, form.Slope);

        LinearCombination Step(int k)
        {
            var p = Math.Min(order, k + 1);
            p = levels[k + 1].IsClean ? 1 : steps < ShortRun ? Math.Min(p, steps - k) : p;
            double[] rho = [.. Enumerable.Range(0, p).Select(j => levels[k - j].Ratio)];
            return form.Step(levels[k], levels[k + 1], Integrals(rho, rho[0], levels[k + 1].Ratio));
        }
    }

    // int_a^b l_j(log rho) d rho, with int (log rho)^n d rho in closed form
    private static double[] Integrals(double[] rho, double a, double b)
    {
        double Power(int n, double x) => n switch { 0 => x, 1 => x * (Math.Log(x) - 1), _ => x * ((Math.Log(x) * Math.Log(x)) - (2 * Math.Log(x)) + 2) };
        return AdamsBashforth.OfMoments(Array.ConvertAll(rho, Math.Log), [.. Enumerable.Range(0, 3).Select(n => Power(n, b) - Power(n, a))]);
    }
}
