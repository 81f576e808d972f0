using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Optimisers;

namespace BatchEval.Core.Search.Samplers;

/// <summary>Parameters of <see cref="VectorSearch"/>.</summary>
/// <param name="Generations">Most generations of the optimiser.</param>
/// <param name="Rungs">Sample counts, ascending: the search goes on to the next when validation stalls.</param>
/// <param name="FreshSamples">True to compare every generation on samples of its own, so that numbers do not fit themselves to few samples.</param>
/// <param name="ControlSamples">Samples on which the centre is measured as control variate of the generations that follow; 0 for no control.</param>
/// <param name="ControlInterval">Generations after which the control is the new centre.</param>
public sealed record VectorSearchOptions(int Generations, IReadOnlyList<int> Rungs, bool FreshSamples = true, int ControlSamples = 0, int ControlInterval = 4);

/// <summary>
/// An optimiser of real vectors on a sampler's numbers. All points of a generation are compared on the same samples. Points outside the bounds
/// are evaluated inside, with a penalty for the distance. What it takes for best is the centre.
/// </summary>
/// <param name="space">The numbers.</param>
/// <param name="optimiser">The optimiser; it begins at the centre of the space.</param>
/// <param name="options">Parameters.</param>
public sealed class VectorSearch(SamplerSpace space, IOptimiser optimiser, VectorSearchOptions options) : ISearchMethod
{
    // Far behind the samples of all generations, and before the range of validation.
    private const long FirstControl = 1L << 23;

    public Proposal? Next(SearchState state)
    {
        var present = Present(state);
        if (present.Generation >= options.Generations)
        {
            return null;
        }

        Candidate[] candidates = [.. optimiser.Ask(present).Select(space.Decode).DistinctBy(c => c.Id)];
        var rung = Math.Min(state.Validation?.Stalls ?? 0, options.Rungs.Count - 1);
        return new Proposal(candidates, options.Rungs[rung], present.Generation + 1, rung)
        {
            First = options.FreshSamples ? (long)present.Generation * options.Rungs[^1] : 0,
            Control = options.ControlSamples > 0 ? state.Control ?? Control(present, 0) : null,
        };
    }

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var proposal = Next(state) ?? throw new InvalidOperationException("The search has ended; there is nothing to observe.");
        var present = Present(state);
        var points = optimiser.Ask(present);
        var known = scores.ToDictionary(s => s.Candidate.Id, s => s.Failure is null ? s.Score : double.PositiveInfinity);
        double[] raw = [.. points.Select(p => known[space.Decode(p).Id])];
        var unit = Spread(raw);
        var told = optimiser.Tell(present, [.. raw.Select((value, i) => value + (unit * Variable.SquaredExcess(space.Variables, points[i])))]);
        return state with
        {
            Round = state.Round + 1,
            Optimiser = told,
            Guesses = [space.Decode(told.Mean)],
            Control = options.ControlSamples == 0 ? null
                : told.Generation % options.ControlInterval == 0 ? Control(told, told.Generation / options.ControlInterval)
                : proposal.Control,
            Seen = [.. state.Seen.Union(known.Keys).Order(StringComparer.Ordinal)],
            SampleSteps = state.SampleSteps + (proposal.Candidates.Sum(c => (long)c.NetworkCalls) * proposal.Samples) + Spent(state, proposal),
        };
    }

    private ControlVariate Control(OptimiserState at, int index) => new(space.Decode(at.Mean), FirstControl + ((long)index * options.ControlSamples), options.ControlSamples);

    // The control on the generation's samples, and, where it is new, on its own.
    private long Spent(SearchState state, Proposal proposal) => proposal.Control is not { } control ? 0
        : control.Candidate.NetworkCalls * ((long)proposal.Samples + (Present(state).Generation % options.ControlInterval == 0 ? control.Samples : 0));

    private OptimiserState Present(SearchState state) => state.Optimiser ?? optimiser.Begin(new double[space.Genes.Count]);

    // Distance between the quartiles of a generation: what one squared unit outside the bounds costs.
    private static double Spread(double[] values)
    {
        double[] finite = [.. values.Where(double.IsFinite).Order()];
        return finite.Length < 2 ? 1 : Math.Max(finite[finite.Length * 3 / 4] - finite[finite.Length / 4], 1e-9);
    }
}
