using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Optimisers;
using BatchEval.Core.Search.Samplers;
using BatchEval.Core.Search.Schedules;
using BatchEval.Core.Tests.Search.Schedules;
using Xunit.Abstractions;

namespace BatchEval.Core.Tests.Search.Samplers;

/// <summary>
/// The table of exact divergences in docs/sampler-search.md: ideal denoisers of mixtures, sigma from 80 to 0.002, sampling stops at 0.002. A deterministic sampler
/// is a map x(z), so its density is that of z over |det dx/dz|, and KL(sampler || data) = E[ln n(z) - ln det dx/dz - ln p(x(z))] has no estimate in it but the
/// mean over z. A map that turns space inside out somewhere would have a smaller value than its divergence, so such points cost 10.
/// </summary>
public class SamplerMixtureTests(ITestOutputHelper output)
{
    private const double Min = 0.002, Max = 80, Step = 1e-4;
    private static readonly SigmaNoiseSchedule Schedule = new(Min, Max);

    [Theory]
    [InlineData(1, 4)]
    [InlineData(1, 6)]
    [InlineData(2, 4)]
    [InlineData(2, 6)]
    public void The_searched_table_beats_every_published_schedule(int dimensions, int calls)
    {
        var mixture = dimensions == 1 ? new GaussianMixture([[-1.2], [-0.5], [0.1], [0.4], [1.3]], 0.08) : GaussianMixture.Grid(4, 4, 0.1, 0.5);
        Candidate[] bases = [.. Published(calls)];
        double Score(Candidate c, ulong seed, int samples) => Divergence(mixture, c, seed, samples);
        var best = bases.OrderBy(c => Score(c, 99, 1500)).First();
        foreach (var (name, groups) in new[] { ("times", SamplerGroups.Times), ("consistent", SamplerGroups.Consistent), ("all", SamplerGroups.All) })
        {
            var search = new ValidatedSearch(
                new SamplerSearch(bases, [100, 300], 0.2, origin =>
                {
                    var space = new SamplerSpace(origin, Schedule, groups);
                    return new VectorSearch(space, new CmaEs(space.Variables, new CmaOptions(12, Restarts: 0), 1), new VectorSearchOptions(40, [150]));
                }),
                new ValidationOptions(400, Patience: 100));
            var state = SearchState.Empty;
            while (search.Next(state) is { } proposal)
            {
                var seed = proposal.Validates ? 1UL << 40 : (ulong)proposal.First;
                state = search.Observe(state, [.. proposal.Candidates.AsParallel().AsOrdered().Select(c => new ScoredCandidate(c, Score(c, seed, proposal.Samples), 0, proposal.Samples))]);
            }

            var (found, published) = (Score(state.Elites(1).Single().Candidate, 99, 1500), Score(best, 99, 1500));
            output.WriteLine($"| {dimensions}-D | {calls} | {best} | {published:F4} | {name} | {found:F4} |");
            found.ShouldBeLessThan(published);
        }
    }

    // Every named rule and published list that gives this many levels above the end, with the solvers that people use.
    private static IEnumerable<Candidate> Published(int calls)
    {
        foreach (var name in PlacementRules.Names)
        {
            double[]? levels = null;
            try
            {
                levels = PlacementRules.Create(name, Schedule, calls + 1).Ratios(Schedule);
            }
            catch (ArgumentException)
            {
                // A rule for discrete-time models only.
            }

            if (levels is { Length: var n } && n == calls + 1 && levels[^2] > Min * 1.01)
            {
                foreach (var solver in new[] { "ddim", "dpmpp-2m", "unipc" })
                {
                    yield return Candidate.At(solver, levels.Take(calls).Select(l => Math.Round(Schedule.TimeOfRatio(l), 6)), Min);
                }
            }
        }
    }

    private static double Divergence(GaussianMixture mixture, Candidate candidate, ulong seed, int samples)
    {
        var d = mixture.Dimensions;
        var table = Solver.Table(candidate, Schedule);
        var noise = new float[d * samples];
        new NoiseBank(seed).Fill(0, NoiseBank.StartDraw, noise);
        double[] z = [.. noise.Select(v => (double)v)];
        double[] Map(double[] from) => RowExecutor.Run(table, PredictionType.Sample, Denoise, [.. from.Select(v => Max * v)]);
        var ends = Map(z);
        double[][] moved = [.. Enumerable.Range(0, d).Select(k => Map([.. z.Select((v, i) => i % d == k ? v + Step : v)]))];
        return Enumerable.Range(0, samples).Average(i =>
        {
            double J(int row, int column) => (moved[column][(i * d) + row] - ends[(i * d) + row]) / Step;
            var determinant = d == 1 ? J(0, 0) : (J(0, 0) * J(1, 1)) - (J(0, 1) * J(1, 0));
            if (!(determinant > 0))
            {
                return 10;
            }

            var density = -0.5 * z.AsSpan(i * d, d).ToArray().Sum(v => (v * v) + Math.Log(2 * Math.PI));
            return density - Math.Log(determinant) + mixture.NegativeLogDensity(ends.AsSpan(i * d, d));
        });

        double[] Denoise(double[] x, NoiseLevel level)
        {
            // The model is told a time, and takes the state to have that noise.
            var denoised = new double[x.Length];
            for (var i = 0; i < samples; i++)
            {
                mixture.Denoise(x.AsSpan(i * d, d), Schedule.At(level.Time).Sigma, denoised.AsSpan(i * d, d));
            }

            return denoised;
        }
    }
}
