using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>Full loops against the values in the tests of the diffusers library; its tolerances: 1e-2 on the sum, 1e-3 on the mean.</summary>
public sealed class PublishedLoopTests
{
    private const int Size = 768;
    private static readonly DataLimit Unit = new(-1, 1);

    [Fact]
    public void Ddim_ten_leading_steps_sum_to_172_0067() =>
        Check(Loop("ddim(clip-noise=0)", Grid(900, 10), 1e-4, PredictionType.Epsilon), 172.0067, 0.223967);

    [Fact]
    public void Ddim_with_v_prediction_sums_to_52_5302() =>
        Check(Loop("ddim(clip-noise=0)", Grid(900, 10), 1e-4, PredictionType.V), 52.5302, 0.0684);

    [Fact]
    public void Ddim_with_beta_start_0_01_sums_to_149_8295() =>
        Check(Loop("ddim(clip-noise=0)", Grid(900, 10), 0.01, PredictionType.Epsilon), 149.8295, 0.1951);

    [Fact]
    public void Ddpm_thousand_steps_sums_to_258_9606()
    {
        var random = new TorchRandom(0);
        Check(Loop("ddpm", Enumerable.Range(0, 1000).Select(t => (double)t), 1e-4, PredictionType.Epsilon, (_, z) => Draw(random, z)), 258.9606, 0.3372);
    }

    [Fact]
    public void Dpm_solver_multistep_to_sigma_min_has_mean_0_3301()
    {
        double[] grid = [999, 899, 799, 699, 599, 500, 400, 300, 200, 100];
        var schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
        var table = Solver.Table(Candidate.At("dpmpp-2m", grid, end: 0), schedule);
        var result = RowExecutor.Run(table, PredictionType.Epsilon, DummyNetwork, DummySample());
        result.Average(Math.Abs).ShouldBe(0.3301, 1e-3);
        result.Sum(Math.Abs).ShouldBe(253.552879, 1e-5);
    }

    // "Wrong today" 1: Heun in sigma/alpha gave 7226, 932.9 and 235.5; in u it gives what diffusers' FlowMatchHeunDiscreteScheduler does
    [Theory]
    [InlineData(5, 151.78939)]
    [InlineData(10, 145.76549)]
    [InlineData(20, 143.57001)]
    public void Heun_on_flow_models_is_taken_in_u(int steps, double sum)
    {
        double[] times = [.. Enumerable.Range(0, steps).Select(i => 1000 - (i * 999.0 / (steps - 1)))];
        var table = Solver.Table(Candidate.At("heun", times), new FlowNoiseSchedule(1000));
        RowExecutor.Run(table, PredictionType.Flow, DummyNetwork, DummySample()).Sum(Math.Abs).ShouldBe(sum, 0.01);
    }

    [Theory]
    [InlineData(420, 400, 0.14771)]
    [InlineData(980, 960, 0.32460)]
    [InlineData(487, 486, 0.00979)]
    [InlineData(999, 998, 0.02)]
    public void Posterior_variance_is_the_published_one(int from, int to, double variance)
    {
        var schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
        var row = new DdpmSolver().Table([schedule.At(from)], schedule.At(to), schedule).Rows[0];
        (row.Next.Noise * row.Next.Noise).ShouldBe(variance, 1e-5);
        // the linear beta of that step, 1e-4 + 0.0199 t / 999 for neighbours
        var large = new DdpmSolver(large: true).Table([schedule.At(from)], schedule.At(to), schedule).Rows[0].Next.Noise;
        (large * large).ShouldBe(from - to == 1 ? 1e-4 + (0.0199 * from / 999) : 1 - (schedule.CumulativeAlphas[from] / schedule.CumulativeAlphas[to]), 1e-12);
        new DdimSolver(eta: 1).Table([schedule.At(from)], schedule.At(to), schedule).Rows[0].Next.Noise.ShouldBe(row.Next.Noise, 1e-12);
    }

    private static double[] Loop(string solver, IEnumerable<double> times, double betaStart, PredictionType prediction, RowNoise<double>? noise = null)
    {
        var table = Solver.Table(Candidate.At(solver, times), DiscreteNoiseSchedule.Linear(1000, betaStart, 0.02));
        return RowExecutor.Run(table, prediction, DummyNetwork, DummySample(), noise, Unit);
    }

    private static void Check(double[] result, double sum, double mean)
    {
        result.Sum(Math.Abs).ShouldBe(sum, 1e-2);
        result.Average(Math.Abs).ShouldBe(mean, 1e-3);
    }

    private static IEnumerable<double> Grid(int first, int steps) => Enumerable.Range(0, steps).Select(i => (double)(first - (i * 100)));

    // diffusers' dummy_sample_deter: arange(768).reshape(3, 8, 8, 4) / 768 permuted to (4, 3, 8, 8)
    private static double[] DummySample() =>
        [.. Enumerable.Range(0, Size).Select(i => (((i % 192) * 4) + (i / 192)) / (double)Size)];

    private static double[] DummyNetwork(double[] x, NoiseLevel level) => [.. x.Select(v => v * level.Time / (level.Time + 1))];

    private static void Draw(TorchRandom random, double[] z)
    {
        var drawn = new float[z.Length];
        random.Normal(drawn);
        Array.ConvertAll(drawn, v => (double)v).CopyTo(z, 0);
    }
}
