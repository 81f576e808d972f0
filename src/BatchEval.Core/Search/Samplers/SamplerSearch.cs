using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Optimisers;

namespace BatchEval.Core.Search.Samplers;

/// <summary>
/// Searches a sampler's numbers: a race chooses the base among known good candidates, then an optimiser varies numbers around it. All points of a
/// generation are compared on the same samples. Points outside the bounds are evaluated inside and pay for the distance.
/// </summary>
public sealed class SamplerSearch : ISearchMethod
{
    private readonly CandidateRace race;
    private readonly Func<Candidate, SamplerSpace> spaceOf;
    private readonly Func<SamplerSpace, IOptimiser> optimiserOf;
    private readonly SamplerSearchOptions options;

    /// <summary>Creates the search.</summary>
    /// <param name="bases">Known good candidates; at least one.</param>
    /// <param name="spaceOf">The numbers around a base.</param>
    /// <param name="optimiserOf">The optimiser of a space.</param>
    /// <param name="options">Parameters.</param>
    /// <exception cref="ArgumentException">No base, or no rung.</exception>
    public SamplerSearch(IReadOnlyList<Candidate> bases, Func<Candidate, SamplerSpace> spaceOf, Func<SamplerSpace, IOptimiser> optimiserOf, SamplerSearchOptions options)
    {
        ArgumentNullException.ThrowIfNull(bases);
        ArgumentNullException.ThrowIfNull(options);
        if (bases.Count == 0 || options.Rungs.Count == 0)
        {
            throw new ArgumentException("A search over a sampler's numbers needs a candidate to start from, and a number of samples.", nameof(bases));
        }

        race = new CandidateRace(bases, options.Rungs, options.Survivors, 1);
        (this.spaceOf, this.optimiserOf, this.options) = (spaceOf, optimiserOf, options);
    }

    /// <inheritdoc/>
    public Proposal? Next(SearchState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Origin is not { } origin)
        {
            return race.Next(state);
        }

        if (state.Optimiser!.Generation >= options.Generations)
        {
            return null;
        }

        var space = spaceOf(origin);
        Candidate[] candidates = [.. optimiserOf(space).Ask(state.Optimiser).Select(space.Decode).DistinctBy(c => c.Id)];
        var rung = Math.Min(state.Validation?.Stalls ?? 0, options.Rungs.Count - 1);
        return new Proposal(candidates, options.Rungs[rung], state.Optimiser.Generation + 1, rung)
        {
            First = options.FreshSamples ? (long)state.Optimiser.Generation * options.Rungs[^1] : 0,
        };
    }

    /// <inheritdoc/>
    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(scores);
        return state.Origin is null ? ObserveRace(state, scores) : ObserveGeneration(state, scores, spaceOf(state.Origin));
    }

    private SearchState ObserveRace(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var observed = race.Observe(state, scores);
        if (race.Next(observed) is not null)
        {
            return observed;
        }

        // Where every base failed there is nothing better to begin at than the first.
        var origin = observed.Archive.Count > 0 ? observed.Archive[0].Candidate : scores[0].Candidate;
        var space = spaceOf(origin);
        return observed with { Origin = origin, Optimiser = optimiserOf(space).Begin(new double[space.Genes.Count]), Guesses = [origin], Archive = [] };
    }

    private SearchState ObserveGeneration(SearchState state, IReadOnlyList<ScoredCandidate> scores, SamplerSpace space)
    {
        var (optimiser, proposal) = (optimiserOf(space), Next(state)!);
        var points = optimiser.Ask(state.Optimiser!);
        var known = scores.ToDictionary(s => s.Candidate.Id, s => s.Failure is null ? s.Score : double.PositiveInfinity);
        double[] raw = [.. points.Select(p => known[space.Decode(p).Id])];
        var unit = Spread(raw);
        var told = optimiser.Tell(state.Optimiser!, [.. raw.Select((value, i) => value + (unit * Variable.SquaredExcess(space.Variables, points[i])))]);
        Candidate[] guesses = [space.Decode(told.Mean), .. ScoredCandidate.Rank(scores.Where(s => s.Failure is null)).Take(1).Select(s => s.Candidate)];
        return state with
        {
            Round = state.Round + 1,
            Optimiser = told,
            Guesses = [.. guesses.DistinctBy(c => c.Id)],
            Seen = [.. state.Seen.Union(known.Keys).Order(StringComparer.Ordinal)],
            SampleSteps = state.SampleSteps + (proposal.Candidates.Sum(c => (long)c.NetworkCalls) * proposal.Samples),
        };
    }

    // Distance between the quartiles of a generation: what one squared unit outside the bounds costs.
    private static double Spread(double[] values)
    {
        double[] finite = [.. values.Where(double.IsFinite).Order()];
        return finite.Length < 2 ? 1 : Math.Max(finite[finite.Length * 3 / 4] - finite[finite.Length / 4], 1e-9);
    }
}
