using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Core.Search.Schedules;
using Xunit.Abstractions;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Search.Schedules;

/// <summary>
/// The table of exact negative log-likelihoods in docs/schedules.md: ideal denoisers of 2-D mixtures, sigma from 80 to 0.002, sampling stops
/// at 0.002. Run it with <c>dotnet test --filter MixtureTable --logger "console;verbosity=detailed"</c> to see the table.
/// </summary>
public class MixtureTableTests(ITestOutputHelper output)
{
    private const double Min = 0.002, Max = 80;
    private const int ChoiceSamples = 500, FinalSamples = 2000;
    private static readonly SigmaNoiseSchedule Schedule = new(Min, Max);

    // In variance-exploding coordinates ancestral sampling with the posterior's variance is the paper's stochastic DDIM.
    [Theory]
    [InlineData(8, 8)]
    [InlineData(8, 4)]
    [InlineData(6, 6)]
    public void The_chosen_schedule_beats_edm_and_log_snr(int rows, int columns)
    {
        var mixture = GaussianMixture.Grid(rows, columns, 0.1, 0.5);
        var data = new SampleSet(mixture.Sample(1000, 1), 2, 2);
        var costs = new KlubCosts(DenoiserTables.Build(new MixtureDenoiser(mixture), data, DenoiserTables.LogGrid(Min, Max, 80), 300, startVariance: 0));
        foreach (var solver in new[] { "ddpm", "ddim", "sde-dpmpp-2m" })
        {
            foreach (var n in new[] { 6, 8, 10 })
            {
                var edm = PlacementRules.Create("karras", Schedule, n + 1).Ratios(Schedule);
                var logSnr = PlacementRules.Create("log-snr", Schedule, n + 1).Ratios(Schedule);
                var family = new ScheduleFamily(costs, null, solver == "sde-dpmpp-2m" ? 2 : 1);
                double[] bound = [.. family.Klub(n)!, Min];
                var chosen = Members(family, edm, logSnr, n).MinBy(k => Nll(mixture, solver, k, ChoiceSamples, 10))!;
                double Score(double[] knots) => Nll(mixture, solver, knots, FinalSamples, 20);
                var (e, l, b, c) = (Score(edm), Score(logSnr), Score(bound), Score(chosen));
                output.WriteLine($"| {rows}x{columns} | {solver} | {n} | {e:F3} | {l:F3} | {b:F3} | {c:F3} |");
                c.ShouldBeLessThan(e);
                c.ShouldBeLessThan(l);
            }
        }

        output.WriteLine($"{rows}x{columns}: data itself {Mean(mixture, mixture.Sample(FinalSamples, 5)):F3}");
    }

    // The bound's optima for integrals that end early, and their blends with both heuristics; the ends of all schedules are the same.
    private static IEnumerable<double[]> Members(ScheduleFamily family, double[] edm, double[] logSnr, int n)
    {
        foreach (var end in new double?[] { null, 0.006, 0.012, 0.025, 0.05, 0.1 })
        {
            double[] optimum = [.. family.Klub(n, end)!, Min];
            yield return optimum;
            foreach (var w in new[] { 0.25, 0.5, 0.75 })
            {
                yield return SigmaKnots.Blend(edm, optimum, w);
                yield return SigmaKnots.Blend(logSnr, optimum, w);
            }
        }
    }

    private static double Nll(GaussianMixture mixture, string solver, double[] knots, int samples, ulong seed)
    {
        var noise = new NoiseBank(seed);
        double[] Draw(int draw)
        {
            var z = new float[2 * samples];
            noise.Fill(0, draw, z);
            return Array.ConvertAll(z, v => (double)v);
        }

        var levels = knots.Select(Schedule.At).ToArray();
        var table = Solver.Parse(solver).Table(levels[..^1], levels[^1], Schedule);
        double[] Denoise(double[] x, NoiseLevel level)
        {
            var d = new double[x.Length];
            Parallel.For(0, samples, i => mixture.Denoise(x.AsSpan(2 * i, 2), level.Sigma, d.AsSpan(2 * i, 2)));
            return d;
        }

        var end = RowExecutor.Run(table, PredictionType.Sample, Denoise, [.. Draw(0).Select(z => Max * z)], (row, z) => Draw(row + 1).CopyTo(z, 0));
        return Enumerable.Range(0, samples).Average(i => mixture.NegativeLogDensity(end.AsSpan(2 * i, 2)));
    }

    private static double Mean(GaussianMixture mixture, float[] samples) =>
        samples.Chunk(2).Average(x => mixture.NegativeLogDensity([x[0], x[1]]));
}
