using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>
/// Any search whose base, and every few generations whose best candidates, are scored on the second range of samples: the best by those scores are its elites, and it ends when
/// nothing better has come for a while.
/// </summary>
public sealed class ValidatedSearch(ISearchMethod inner, ValidationOptions options) : ISearchMethod
{
    public Proposal? Next(SearchState state)
    {
        var validation = state.Validation ?? ValidationState.Empty;
        return validation.IsDue ? new Proposal(Guesses(state), options.Samples, validation.Generation, 0) { Validates = true }
            : validation.Stalls >= options.Patience ? null
            : inner.Next(state);
    }

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var proposal = Next(state) ?? throw new InvalidOperationException("The search has ended; there is nothing to observe.");
        var validation = state.Validation ?? ValidationState.Empty;
        if (!proposal.Validates)
        {
            var observed = inner.Observe(state, scores);
            var after = inner.Next(observed)?.Generation;
            var begins = state.Origin is null && observed.Origin is not null;
            var due = Guesses(observed).Count > 0 && (begins || after is null || (after != proposal.Generation && proposal.Generation % options.Interval == 0));
            return observed with { Validation = validation with { IsDue = due, Generation = proposal.Generation } };
        }

        var known = validation.Scored.Select(s => s.Candidate.Id).ToHashSet();
        var fresh = scores.Where(s => !known.Contains(s.Candidate.Id)).ToList();
        var ranked = ScoredCandidate.Rank(validation.Scored.Concat(fresh.Where(s => s.Failure is null))).Take(options.Elites).ToList();
        var better = validation.Scored.Count == 0 || ranked[0].Score < validation.Scored[0].Score - (options.Tolerance * Math.Abs(validation.Scored[0].Score));
        return state with
        {
            Validation = validation with { Scored = ranked, IsDue = false, Stalls = better ? 0 : validation.Stalls + 1 },
            SampleSteps = state.SampleSteps + fresh.Sum(s => (long)s.Candidate.NetworkCalls * options.Samples),
        };
    }

    private static IReadOnlyList<Candidate> Guesses(SearchState state) =>
        state.Guesses.Count > 0 ? state.Guesses : [.. state.Archive.Take(1).Select(s => s.Candidate)];
}
