using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>Chooses among given candidates: all are compared on few samples, and only the best go on to more. Nothing is bred.</summary>
/// <param name="rungs">Sample counts, ascending.</param>
/// <param name="survivors">Share of the contenders that goes on to the next rung.</param>
/// <param name="elites">Size of the archive.</param>
public sealed class SuccessiveHalving(IReadOnlyList<Candidate> candidates, IReadOnlyList<int> rungs, double survivors, int elites) : ISearchMethod
{
    private readonly List<Candidate> candidates = [.. candidates.DistinctBy(c => c.Id)];

    public Proposal? Next(SearchState state)
    {
        var running = state.Round == 0 ? candidates : [.. state.Contenders.Select(s => s.Candidate)];
        return state.Round < rungs.Count && running.Count > 0 ? new Proposal(running, rungs[state.Round], 0, state.Round) : null;
    }

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var proposal = Next(state) ?? throw new InvalidOperationException("The search has ended; there is nothing to observe.");
        var ranked = ScoredCandidate.Rank(scores.Where(s => s.Failure is null)).ToList();
        var last = proposal.Rung == rungs.Count - 1;
        return state.After(proposal, proposal.Rung == 0 ? 0 : rungs[proposal.Rung - 1]) with
        {
            Contenders = last ? [] : ScoredCandidate.Survivors(ranked, survivors),
            Archive = last ? [.. ranked.Take(elites)] : state.Archive,
        };
    }
}
