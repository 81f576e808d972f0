using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Schedules;

namespace Samples;

/// <summary>Searches the noise levels of six calls of a denoiser that is a function; put your own in place of the mixture.</summary>
public static class SearchTimes
{
    private static readonly NoiseSchedule Schedule = new SigmaNoiseSchedule(0.002, 80);
    private static readonly GaussianMixture Model = GaussianMixture.Grid(3, 3, 0.15, 0.5);
    private static readonly Candidate Accurate = Karras(100);

    public static void Run(TextWriter output)
    {
        var options = new EvolutionOptions(Population: 16, Generations: 6, Elites: 4, Mutants: 8, Crossovers: 4, Rungs: [50, 200]);
        var search = new Evolution(new TimeStepSpace("dpmpp-2m", Schedule, 6), options, seeds: [Karras(6)], seed: 1);
        var state = SearchState.Empty;
        while (search.Next(state) is { } round)
            state = search.Observe(state, [.. round.Candidates.Select(c => new ScoredCandidate(c, Error(c, 0, round.Samples), 0, round.Samples))]);
        foreach (var (name, candidate) in new[] { ("karras", Karras(6)), ("found", state.Elites(1).First().Candidate) })
            output.WriteLine(FormattableString.Invariant($"{name}: {Error(candidate, 1000, 500):F4} at {string.Join(", ", candidate.Steps.Select(s => $"{s.Time:G3}"))}"));
    }

    private static Candidate Karras(int steps) => Candidate.At("dpmpp-2m", PlacementRules.Create("karras", Schedule, steps).Times);

    // Mean distance of samples [first, first + count) to what 100 calls make of the same noise.
    private static double Error(Candidate candidate, int first, int count) =>
        Enumerable.Range(first, count).Average(i => Math.Sqrt(Sample(candidate, i).Zip(Sample(Accurate, i), (a, b) => (a - b) * (a - b)).Sum()));

    private static double[] Sample(Candidate candidate, int index)
    {
        var random = new PhiloxStream(key: 7, stream: (ulong)index);
        double[] start = [.. Enumerable.Range(0, Model.Dimensions).Select(_ => 80 * random.NextGaussian())];
        return RowExecutor.Run(Solver.Table(candidate, Schedule), PredictionType.Sample, (x, level) => Model.Denoise(x, level.Sigma), start);
    }
}
