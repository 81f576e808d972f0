using BatchEval.Core.Search.Schedules;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Search.Schedules;

public class KlubTests
{
    private const double C = 0.5;
    private static readonly double C4 = Math.Pow(C, 4);

    private static SampleSet GaussianData(int count, ulong seed = 3)
    {
        var values = new float[count];
        new Core.Randomness.NoiseBank(99).Fill(0, 0, values);
        return new SampleSet([.. values.Select(v => (float)(C * v))], 1, seed);
    }

    private static IDenoiser Gaussian => new MixtureDenoiser(GaussianMixture.Single(1, C));

    // Without Z the estimate of Gaussian data is c^4 whatever the knot; with it the minimum is at the closed form.
    [Fact]
    public void The_normaliser_gives_the_estimate_its_minimum()
    {
        var estimator = new KlubEstimator(Gaussian, GaussianData(8192));
        double[] candidates = [0.15, 0.2, 0.25, 0.3, 0.4];

        var costs = estimator.Local([0.5, 0.2, 0.1], 1, candidates);

        var golden = new[] { 1.829, 1.324, 1.557, 2.098, 3.423 };
        for (var k = 0; k < costs.Length; k++)
        {
            var exact = C4 * (GaussianSchedules.Z(0.1, candidates[k]) + GaussianSchedules.Z(candidates[k], 0.5));
            costs[k].ShouldBe(exact, 0.04 * exact);
            costs[k].ShouldBe(golden[k], 0.05 * golden[k]);
        }

        costs.Min().ShouldBe(costs[1]);
    }

    [Fact]
    public void The_error_is_what_repetition_shows()
    {
        double[] knots = [80, 5, 0.8, 0.2, 0.05];
        var exact = C4 * GaussianSchedules.TotalZ(knots);
        var estimates = Enumerable.Range(0, 12).Select(s => new KlubEstimator(Gaussian, GaussianData(500, (ulong)s), 500).Total(knots)).ToList();
        estimates.ShouldAllBe(e => Math.Abs(e.Value - exact) < 6 * e.StandardError);
        var spread = Math.Sqrt(estimates.Average(e => Math.Pow(e.Value - estimates.Average(x => x.Value), 2)));
        (estimates[0].StandardError / spread).ShouldBeInRange(0.4, 2.5);
    }

    // For Gaussian data E ||D_t - D_u||^2 = c^4 (g(t) - g(u)), g(t) = 1/(t^2+c^2), so a second-order step can be integrated exactly.
    [Fact]
    public void Second_order_estimate_and_table_agree_with_quadrature()
    {
        double[] knots = [2, 0.8, 0.3, 0.1];
        double G(double t, double u) => GaussianSchedules.DenoiserDistance(Math.Min(t, u), Math.Max(t, u));
        var exact = C4 * GaussianSchedules.Z(0.8, 2);
        foreach (var (p, b, a) in new[] { (2, 0.8, 0.3), (0.8, 0.3, 0.1) })
        {
            var gamma = Math.Log(b / a) / (2 * Math.Log(p / b));
            const int N = 20_000;
            for (var i = 0; i < N; i++)
            {
                var t = a * Math.Pow(b / a, (i + 0.5) / N);
                exact += Math.Log(b / a) / N * t * Math.Pow(t, -3) * (((1 + gamma) * G(t, b)) - (gamma * G(t, p)) + (gamma * (1 + gamma) * G(b, p)));
            }
        }

        var estimate = new KlubEstimator(Gaussian, GaussianData(8192), 8192, KlubSolver.SecondOrderMultistep).Total(knots);
        estimate.Value.ShouldBe(exact, 5 * estimate.StandardError);
        estimate.StandardError.ShouldBeLessThan(0.05 * exact);

        var grid = DenoiserTables.LogGrid(0.1, 2, 121).Concat(knots).Distinct().OrderDescending().ToArray();
        var table = DenoiserTables.Build(Gaussian, GaussianData(4000), grid, 4000);
        int[] path = [.. knots.Select(k => Array.IndexOf(grid, k))];
        var total = KlubCosts.Total(table, path, KlubSolver.SecondOrderMultistep);
        total.Value.ShouldBe(exact, 5 * total.StandardError);
        new KlubCosts(table).Total(path, KlubSolver.SecondOrderMultistep).ShouldBe(total.Value, 1e-9);
    }

    [Fact]
    public void The_program_on_the_table_finds_the_closed_form_for_every_step_count()
    {
        var grid = DenoiserTables.LogGrid(0.02, 20, 120);
        var costs = new KlubCosts(DenoiserTables.Build(Gaussian, GaussianData(600), grid, 600));
        var solved = ScheduleProgram.FirstOrder(grid.Length, 10, costs.FirstOrder);
        foreach (var n in new[] { 2, 4, 10 })
        {
            double[] found = [.. solved[n - 1]!.Select(k => grid[k])];
            GaussianSchedules.TotalZ(found).ShouldBe(GaussianSchedules.TotalZ(GaussianSchedules.KlubOptimal(0.02, 20, n)), 0.03 * GaussianSchedules.TotalZ(found));
        }
    }

    [Fact]
    public void The_start_cost_is_the_divergence_of_the_start()
    {
        var grid = DenoiserTables.LogGrid(0.1, 40, 80);
        var table = DenoiserTables.Build(Gaussian, GaussianData(4000), grid, 4000, startVariance: 0);
        var costs = new KlubCosts(table);
        foreach (var j in new[] { 20, 50, 79 })
        {
            // KL(N(0, s^2 + c^2) || N(0, s^2))
            var ratio = ((grid[j] * grid[j]) + (C * C)) / (grid[j] * grid[j]);
            costs.Start[j].ShouldBe((ratio - 1 - Math.Log(ratio)) / 2, 0.1 * (ratio - 1 - Math.Log(ratio)) / 2);
        }
    }
}
