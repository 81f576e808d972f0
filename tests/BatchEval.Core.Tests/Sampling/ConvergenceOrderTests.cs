using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using Xunit.Abstractions;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>
/// On Gaussian data N(0, c^2) the exact denoiser is D = c^2 alpha x / (alpha^2 c^2 + sigma^2) and the probability-flow ODE has the exact
/// solution x(t) = x(T) sqrt(marginal variance ratio). Halving the step must divide the error by 2^order.
/// </summary>
public sealed class ConvergenceOrderTests(ITestOutputHelper output)
{
    private const double C = 0.5;

    // Weights that divide by products of the tiny steps lose their digits, so these have tiny steps of h^2 / 4; PNDM's constant weights are those of equal steps in sigma.
    private static readonly Dictionary<string, string> GridsOfTheirOwn = new(StringComparer.Ordinal) { ["lms"] = "wide", ["pndm"] = "linear" };

    /// <summary>Every solver of the registry as it is without arguments: its grid, and the order that it declares.</summary>
    public static IEnumerable<object[]> Deterministic => Solvers(stochastic: false).Select(s => new object[] { s.Name, GridsOfTheirOwn.GetValueOrDefault(s.Name, "usual"), s.Order });

    public static IEnumerable<object[]> Stochastic => Solvers(stochastic: true).Select(s => new object[] { s.Name });

    [Theory]
    [MemberData(nameof(Deterministic))]
    [InlineData("dpmpp-2m(heun=1)", "usual", 2)]
    [InlineData("dpmpp-3m(diffusers=1)", "usual", 2)]
    [InlineData("unipc(order=1)", "usual", 2)]
    [InlineData("unipc(order=3)", "usual", 4)]
    [InlineData("unipc(bh=1)", "usual", 3)]
    [InlineData("unipc(noise=1)", "usual", 3)]
    [InlineData("lms(order=2)", "usual", 2)]
    [InlineData("lms(order=3)", "wide", 3)]
    [InlineData("deis(order=3)", "wide", 3)]
    [InlineData("sa-solver(tau=0)", "usual", 2)]
    [InlineData("plms", "linear", 4)]
    public void Deterministic_solvers_converge_at_least_with_their_order(string solver, string grid, int order)
    {
        var observed = Observed(solver, grid, order);
        observed.ShouldBeGreaterThan(order - 0.35);
    }

    [Theory]
    [InlineData("ddim", 1)]
    [InlineData("euler", 1)]
    [InlineData("dpmpp-1", 1)]
    [InlineData("dpmpp-2m", 2)]
    [InlineData("heun", 2)]
    [InlineData("dpmpp-3m", 3)]
    [InlineData("dpmpp-3m(diffusers=1)", 2)]
    [InlineData("unipc(order=1)", 2)]
    [InlineData("unipc", 3)]
    [InlineData("unipc(order=3)", 4)]
    public void Published_orders_are_not_exceeded_by_much(string solver, int order) => Observed(solver, "usual", order).ShouldBeLessThan(order + 0.6);

    [Theory]
    [MemberData(nameof(Stochastic))]
    [InlineData("ddim(eta=1)")]
    [InlineData("sde-dpmpp-2m(eta=0.5)")]
    public void Stochastic_solvers_reach_the_data_variance(string solver)
    {
        // Linear denoiser, so the variance of the result follows from the rows: v' = (sum of the response to x)^2 v + noise^2.
        var coarse = Math.Abs(Variance(solver, 50) - (C * C));
        var fine = Math.Abs(Variance(solver, 400) - (C * C));
        output.WriteLine($"{solver}: variance error {coarse:E2} at 50 steps, {fine:E2} at 400");
        fine.ShouldBeLessThan(0.3 * coarse);
        fine.ShouldBeLessThan(0.03 * C * C);
    }

    private static IEnumerable<Solver> Solvers(bool stochastic) => SolverRegistry.All.Where(d => !d.Distilled && d.Source != SolverRegistryTests.Source).Select(d => Solver.Parse(d.Name))
        .Where(s => Solver.Table(Candidate.At(s.Name, [800, 600, 400, 200]), DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)).IsStochastic == stochastic);

    private double Observed(string solver, string grid, int order)
    {
        var schedule = new SigmaNoiseSchedule(0.5, 5);
        int[] steps = grid == "linear" ? [64, 128, 256] : grid == "wide" ? [12, 24, 48] : order >= 3 ? [24, 48, 96] : [40, 80, 160];
        double[] errors = [.. steps.Select(n => grid switch
        {
            "linear" => Error(solver, schedule, [.. Enumerable.Range(0, n + 1).Select(i => 5 - (4.5 * i / n))]),
            "wide" => Error(solver, schedule, Graded(schedule, n, 2, 4)),
            _ => Error(solver, n),
        })];
        var observed = Math.Log2(errors[1] / errors[2]);
        output.WriteLine($"{solver}: errors {string.Join(", ", errors.Select(e => e.ToString("E2")))}, order {observed:F2}");
        return observed;
    }

    private static double Error(string solver, int steps)
    {
        var schedule = new SigmaNoiseSchedule(0.05, 5);
        return Error(solver, schedule, Graded(schedule, steps));
    }

    private static double Error(string solver, NoiseSchedule schedule, double[] times)
    {
        var table = Solver.Parse(solver).Table([.. times.SkipLast(1).Select(schedule.At)], schedule.At(times[^1]), schedule);
        var result = RowExecutor.Run(table, PredictionType.Sample, Denoise, [1.0])[0];
        return Math.Abs(result - Math.Sqrt(((times[^1] * times[^1]) + (C * C)) / ((times[0] * times[0]) + (C * C))));
    }

    // Uniform in lambda, with three tiny steps at either end, so that the low orders a multistep method starts and ends with do not show
    private static double[] Graded(NoiseSchedule schedule, int steps, int power = 3, double part = 20)
    {
        var (high, low) = (Math.Log(schedule.MaxTime), Math.Log(schedule.MinTime));
        var tiny = Math.Pow((high - low) / steps, power) / part;
        var inner = Enumerable.Range(0, steps + 1).Select(i => high - (3 * tiny) - (i * (high - low - (6 * tiny)) / steps));
        return [.. new[] { high, high - tiny, high - (2 * tiny) }.Concat(inner).Concat([low + (2 * tiny), low + tiny, low]).Select(l => Math.Clamp(Math.Exp(l), schedule.MinTime, schedule.MaxTime))];
    }

    private static double Variance(string solver, int steps)
    {
        var schedule = new SigmaNoiseSchedule(0.002, 20);
        var times = PlacementRules.Create("karras", schedule, steps).Times;
        var table = Solver.Parse(solver).Table([.. times.Select(schedule.At)], NoiseLevel.Clean, schedule);
        var response = new double[table.Rows.Count + 1];
        response[0] = RowExecutor.Run(table, PredictionType.Sample, Denoise, [1.0], (_, z) => z[0] = 0)[0];
        for (var k = 0; k < table.Rows.Count; k++)
        {
            response[k + 1] = RowExecutor.Run(table, PredictionType.Sample, Denoise, [0.0], (row, z) => z[0] = row == k ? 1 : 0)[0];
        }

        var start = (20.0 * 20.0) + (C * C);
        return (response[0] * response[0] * start) + response.Skip(1).Sum(r => r * r);
    }

    private static double[] Denoise(double[] x, NoiseLevel level) =>
        [C * C * level.Alpha * x[0] / ((level.Alpha * level.Alpha * C * C) + (level.Sigma * level.Sigma))];
}
