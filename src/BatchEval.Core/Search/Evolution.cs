using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>
/// Elitist evolution with racing (AutoDiffusion's loop with canonical genomes, common random numbers and re-scored survivors): a
/// generation is bred from the archive, compared on few samples, and only the best go on to more.
/// </summary>
public sealed class Evolution : ISearchMethod
{
    private const int TriesPerChild = 10;
    private readonly CandidateSpace space;
    private readonly EvolutionOptions options;
    private readonly IReadOnlyList<Candidate> seeds;
    private readonly ulong seed;
    private readonly Func<IEnumerable<ScoredCandidate>, int, IReadOnlyList<ScoredCandidate>> keep;

    /// <param name="seeds">Candidates that the first generation contains (known good ones); those outside the space are left out.</param>
    /// <param name="keep">Chooses the archive out of scored candidates, best score first; null for the best scores.</param>
    /// <exception cref="ArgumentException">The options violate a constraint; the message lists all.</exception>
    public Evolution(
        CandidateSpace space, EvolutionOptions options, IEnumerable<Candidate> seeds, ulong seed,
        Func<IEnumerable<ScoredCandidate>, int, IReadOnlyList<ScoredCandidate>>? keep = null)
    {
        if (options.Violations() is { Count: > 0 } violations)
        {
            throw new ArgumentException(string.Join(" ", violations), nameof(options));
        }

        (this.space, this.options, this.seed) = (space, options, seed);
        this.keep = keep ?? ((scored, places) => [.. ScoredCandidate.Rank(scored).Take(places)]);
        this.seeds = [.. seeds.Select(space.Adopt).OfType<Candidate>().DistinctBy(c => c.Id)];
    }

    public Proposal? Next(SearchState state)
    {
        var (generation, rung) = Math.DivRem(state.Round, options.Rungs.Count);
        if (generation >= options.Generations)
        {
            return null;
        }

        if (rung > 0)
        {
            return new Proposal([.. state.Contenders.Select(s => s.Candidate)], options.Rungs[rung], generation, rung);
        }

        var children = Breed(state, generation);
        return new Proposal(children.ToList(), options.Rungs[rung], generation, rung) { Parents = children.Parents };
    }

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var proposal = Next(state) ?? throw new InvalidOperationException("The search has ended; there is nothing to observe.");
        var rung = proposal.Rung;
        var ranked = ScoredCandidate.Rank(scores.Where(s => s.Failure is null)).ToList();
        var last = rung == options.Rungs.Count - 1;
        return state.After(proposal, rung == 0 ? 0 : options.Rungs[rung - 1]) with
        {
            Contenders = last ? [] : ScoredCandidate.Survivors(ranked, options.Survivors),
            Archive = last ? keep(state.Archive.Concat(ranked), options.Elites) : state.Archive,

            // From here on the head of the archive stands for validation, not what a search around it began at.
            Guesses = [],
        };
    }

    private Children Breed(SearchState state, int generation)
    {
        var random = new PhiloxStream(seed, StreamKey.For("breed", generation));
        var children = new Children(state.Seen);
        if (generation == 0)
        {
            children.Add(seeds, options.Population);
            Fill(children, (options.Population / 2) + 1, () => space.Random(random));
            if (seeds.Count > 0)
            {
                Fill(children, options.Population, () => Mutant(seeds[random.NextInt(seeds.Count)]));
            }
        }
        else if (state.Archive.Count > 0)
        {
            Candidate Parent() => state.Archive[random.NextInt(state.Archive.Count)].Candidate;
            Fill(children, options.Mutants, () => Mutant(Parent()));
            Fill(children, children.Count + options.Crossovers, () => Cross(Parent(), Parent()));
        }

        Fill(children, options.Population, () => space.Random(random));
        return children;

        Candidate Mutant(Candidate parent) => children.Of(space.Mutate(parent, random), parent);
        Candidate Cross(Candidate first, Candidate second) => children.Of(space.Cross(first, second, random), first, second);
    }

    private static void Fill(Children children, int target, Func<Candidate> next)
    {
        for (var tries = TriesPerChild * Math.Max(0, target - children.Count); tries > 0 && children.Count < target; tries--)
        {
            children.Add(next());
        }
    }

    /// <summary>Children of one generation: distinct, and never seen before.</summary>
    private sealed class Children(IEnumerable<string> seen)
    {
        private readonly HashSet<string> ids = [.. seen];
        private readonly List<Candidate> list = [];
        private readonly Dictionary<string, IReadOnlyList<string>> parents = new(StringComparer.Ordinal);

        public int Count => list.Count;

        public IReadOnlyDictionary<string, IReadOnlyList<string>>? Parents
        {
            get
            {
                var bred = list.Where(c => parents.ContainsKey(c.Id)).ToDictionary(c => c.Id, c => parents[c.Id], StringComparer.Ordinal);
                return bred.Count == 0 ? null : bred;
            }
        }

        // The first parents count: a candidate that was there before keeps its own.
        public Candidate Of(Candidate child, params Candidate[] parentsOf)
        {
            if (!ids.Contains(child.Id))
            {
                parents.TryAdd(child.Id, [.. parentsOf.Select(p => p.Id).Distinct()]);
            }

            return child;
        }

        public void Add(Candidate candidate)
        {
            if (ids.Add(candidate.Id))
            {
                list.Add(candidate);
            }
        }

        public void Add(IEnumerable<Candidate> candidates, int limit)
        {
            foreach (var candidate in candidates.Take(limit))
            {
                Add(candidate);
            }
        }

        public List<Candidate> ToList() => list;
    }
}
