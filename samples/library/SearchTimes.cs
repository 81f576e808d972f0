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
    private static readonly GaussianMixture Data = GaussianMixture.Grid(3, 3, 0.15, 0.5);
    private static readonly NoiseBank Noise = new(seed: 7);

    public static void Run(TextWriter output)
    {
        var karras = Candidate.At("dpmpp-2m", PlacementRules.Create("karras", Schedule, 6).Times);
        var options = new EvolutionOptions(Population: 16, Generations: 6, Elites: 4, Mutants: 8, Crossovers: 4, Rungs: [50, 200]);
        var search = new Evolution(new TimeStepSpace("dpmpp-2m", Schedule, 6), options, seeds: [karras], seed: 1);
        var state = SearchState.Empty;
        while (search.Next(state) is { } round)
        {
            state = search.Observe(state, [.. round.Candidates.Select(c => new ScoredCandidate(c, Score(c, 0, round.Samples), 0, round.Samples))]);
        }

        foreach (var (name, candidate) in new[] { ("karras", karras), ("found", state.Elites(1).First().Candidate) })
        {
            output.WriteLine(FormattableString.Invariant($"{name}: {Score(candidate, 1000, 2000):F3} at {string.Join(", ", candidate.Steps.Select(s => $"{s.Time:G3}"))}"));
        }
    }

    // Mean negative log-likelihood of samples [first, first + count); lower is better. Each sample has the same noise for every candidate.
    private static double Score(Candidate candidate, int first, int count) => Enumerable.Range(first, count).Average(sample =>
    {
        var z = new float[Data.Dimensions];
        Noise.Fill(sample, NoiseBank.StartDraw, z);
        var table = Solver.Table(candidate, Schedule);
        double[] start = [.. z.Select(v => v * Schedule.StartScale(table.Rows[0].Level))];
        return Data.NegativeLogDensity(RowExecutor.Run(table, PredictionType.Sample, Denoise, start));
    });

    private static double[] Denoise(double[] state, NoiseLevel level)
    {
        var prediction = new double[state.Length];
        Data.Denoise(state, level.Sigma, prediction);
        return prediction;
    }
}
