using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Schedules;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Schedules;

/// <summary>Sample counts of a selection.</summary>
/// <param name="First">Samples on which everything is compared.</param>
/// <param name="Second">Samples on which the best of each method are compared, and what is bred from them.</param>
/// <param name="Last">Fresh samples on which the winner is chosen.</param>
public sealed record SelectionOptions(int First = 64, int Second = 256, int Last = 1024)
{
    public const int Finalists = 8;

    /// <summary>The counts that belong to a number of last samples: a sixteenth and a quarter of it before.</summary>
    public static SelectionOptions Of(int last) => new(last / 16, last / 4, last);
}

/// <summary>What a selection found.</summary>
/// <param name="BestOf">The best schedule of each method that took part, by its score on the second samples.</param>
public sealed record SelectionResult(ScheduleScore Chosen, IReadOnlyDictionary<string, ScheduleScore> BestOf, long Calls);

/// <summary>
/// Runs a <see cref="ScheduleHalving"/> by FID outside a run. All compete on the same noise, and the last decision falls on samples that no earlier
/// one saw, as in a run's validation.
/// </summary>
/// <param name="options">Sample counts.</param>
public sealed class ScheduleSelection(ScheduleScorer scorer, SelectionOptions options)
{
    /// <summary>Runs the selection.</summary>
    /// <param name="heuristics">Named heuristics, trimmed ones included.</param>
    public async Task<SelectionResult> RunAsync(IReadOnlyList<SamplingSchedule> computed, IReadOnlyList<SamplingSchedule> heuristics, CancellationToken cancellation = default)
    {
        var before = scorer.Calls;
        var halving = new ScheduleHalving(computed, heuristics, scorer.Solver, scorer.Schedule, new HalvingSizes([options.First, options.Second], SelectionOptions.Finalists));
        var state = SearchState.Empty;
        while (halving.Next(state) is { } proposal)
        {
            var scores = await scorer.ScoreAsync(proposal.Candidates, new SampleRange(SampleRange.SearchStart, proposal.Samples), cancellation);
            state = halving.Observe(state, scores);
        }

        var standings = halving.Standings(state);
        var finalists = standings.DistinctBy(s => s.Score.Candidate.Id).Take(SelectionOptions.Finalists).Select(s => s.Schedule).ToList();
        var final = await scorer.ScoreAsync(finalists, new SampleRange(SampleRange.ValidationStart, options.Last), cancellation);
        return new SelectionResult(
            final.OrderBy(s => s.Fid.Score).ThenBy(s => s.Schedule.Name, StringComparer.Ordinal).First(),
            standings.GroupBy(s => s.Schedule.Method).ToDictionary(g => g.Key, g => new ScheduleScore(g.First().Schedule, g.First().Score), StringComparer.Ordinal),
            scorer.Calls - before);
    }
}
