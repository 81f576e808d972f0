using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Samplers;

/// <summary>A search around a base: a halving chooses the base among known good candidates, then another search varies its numbers.</summary>
public sealed class SamplerSearch : ISearchMethod
{
    private readonly SuccessiveHalving halving;
    private readonly Func<Candidate, ISearchMethod> around;

    /// <param name="bases">Known good candidates; at least one.</param>
    /// <param name="rungs">Sample counts of the halving, ascending.</param>
    /// <param name="survivors">Share of the bases that goes on to the next rung.</param>
    /// <param name="around">The search around a base.</param>
    /// <exception cref="ArgumentException">No base, or no rung.</exception>
    public SamplerSearch(IReadOnlyList<Candidate> bases, IReadOnlyList<int> rungs, double survivors, Func<Candidate, ISearchMethod> around)
    {
        if (bases.Count == 0 || rungs.Count == 0)
        {
            throw new ArgumentException("A search over a sampler's numbers needs a candidate to start from, and a number of samples.", nameof(bases));
        }

        (halving, this.around) = (new SuccessiveHalving(bases, rungs, survivors, 1), around);
    }

    public Proposal? Next(SearchState state) => state.Origin is { } origin ? around(origin).Next(state) : halving.Next(state);

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        if (state.Origin is { } origin)
        {
            return around(origin).Observe(state, scores);
        }

        var observed = halving.Observe(state, scores);
        if (halving.Next(observed) is not null)
        {
            return observed;
        }

        // Where every base failed there is nothing better to begin at than the first. The search around the base may score it again, as a seed.
        var chosen = observed.Archive.Count > 0 ? observed.Archive[0].Candidate : scores[0].Candidate;
        return observed with { Origin = chosen, Guesses = [chosen], Archive = [], Round = 0, Seen = [.. observed.Seen.Where(id => id != chosen.Id)] };
    }
}
