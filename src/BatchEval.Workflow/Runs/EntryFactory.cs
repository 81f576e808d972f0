using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>Names the candidates of a run: seeds, elites, baselines and the unaccelerated sampler.</summary>
/// <param name="costs">What the model costs; null where only calls count.</param>
/// <param name="own">What the model's own pipeline samples with in a number of steps; null where that is unknown.</param>
public sealed class EntryFactory(RunSpecification specification, NoiseSchedule schedule, CostModel? costs = null, Func<int, Candidate?>? own = null)
{
    private int? steps;

    /// <summary>Name of the search's own result.</summary>
    public string SearchedName => specification.Search.Method == SearchMethod.Random ? BaselineNames.Random : "searched";

    /// <summary>What a candidate may cost.</summary>
    public Budget Budget { get; } = specification.Budget.Resolve(costs ?? CostModel.CallsOnly, specification.Solver, schedule, specification.Conditions.IsGuided);

    /// <summary>Most steps of the whole network that the budget buys with the run's solver.</summary>
    public int Steps => steps ??= Budget.WholeSteps(specification.Solver, schedule);

    /// <summary>The unaccelerated sampler.</summary>
    public Entry Reference()
    {
        var reference = specification.Reference;
        if (reference.Candidate is { } given)
        {
            var name = given.Id == own?.Invoke(given.Steps.Count)?.Id ? BaselineNames.Own : "given";
            return new Entry($"{name}, {given.Steps.Count} steps,", EntryRole.Reference, given);
        }

        var times = PlacementRules.Create(reference.Spacing, schedule, reference.Steps).Times;
        return new Entry($"{reference.Spacing} {reference.Steps}", EntryRole.Reference, Candidate.At(reference.Solver!, times));
    }

    /// <summary>Known good candidates for the first generation: named spacings, trimmed grids, and what the user gave.</summary>
    public IEnumerable<Candidate> Seeds() =>
        specification.Candidates
            .Concat(SkippingSeeds.Of(specification, schedule, Steps))
            .Concat(TrimmedGrids().Select(c => c.Candidate))
            .Concat(PlacementRules.All.Where(r => r.Use.HasFlag(PlacementUse.Seed)).Select(r => Spaced(r.Name)?.Candidate).OfType<Candidate>());

    /// <summary>The uniform grid of the published first generation.</summary>
    public IEnumerable<Candidate> UniformGrid() => Spaced("leading") is { } grid ? [grid.Candidate] : [];

    /// <summary>Uniform grids of some steps, from the model's own start and from lower ones.</summary>
    public IEnumerable<IReadOnlyList<double>> UniformTimes(int count) => TrimmedStart.Shares.Prepend(1)
        .Select(share => Times("trailing", new PlacementOptions(Start: TrimmedStart.At(schedule, share)), count)).OfType<IReadOnlyList<double>>();

    /// <summary>Candidates that compete for a place in the final: elites of both searches, and the trimmed grids.</summary>
    public IReadOnlyList<Entry> Validation(RunState state)
    {
        var elites = specification.Validation.Elites;
        return
        [
            .. state.Search.Elites(elites).Select(e => new Entry(SearchedName, EntryRole.Searched, e.Candidate)),
            .. state.RandomSearch.Elites(elites).Select(e => new Entry(BaselineNames.Random, EntryRole.Baseline, e.Candidate)),
            .. state.Rivals.SelectMany(r => r.Search.Elites(elites).Select(e => new Entry(r.Name, EntryRole.Baseline, e.Candidate))),
            .. specification.Baselines.Contains(BaselineNames.TrimmedUniform) ? TrimmedGrids() : [],
        ];
    }

    /// <summary>What the final stage scores: the best of each name in validation, the other baselines, what the user gave, and the base that the search began at.</summary>
    public IReadOnlyList<Entry> Final(RunState state, IReadOnlyList<ScoredCandidate> validation)
    {
        var scores = validation.Where(s => s.Failure is null).GroupBy(s => s.Candidate.Id).ToDictionary(g => g.Key, g => g.First().Score);
        var chosen = Validation(state)
            .Where(c => scores.ContainsKey(c.Candidate.Id))
            .GroupBy(c => c.Name)
            .Select(g => g.OrderBy(c => scores[c.Candidate.Id]).ThenBy(c => c.Candidate.Id, StringComparer.Ordinal).First());
        var named = specification.Baselines.Select(Spaced).OfType<Entry>();
        var given = specification.Candidates.Select((c, i) => new Entry($"candidate {i + 1}", EntryRole.Given, c));
        Entry[] all = [.. chosen.Concat(given).Concat(named)];
        return state.Search.Origin is { } origin && !Array.Exists(all, e => e.Candidate == origin) ? [.. all, new Entry(BaselineNames.Base, EntryRole.Baseline, origin)] : all;
    }

    private IEnumerable<Entry> TrimmedGrids()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var share in TrimmedStart.Shares)
        {
            if (Times("trailing", new PlacementOptions(Start: TrimmedStart.At(schedule, share)), Steps) is { } times && Candidate.At(specification.Solver, times) is var candidate && seen.Add(candidate.Id))
            {
                yield return new Entry(BaselineNames.TrimmedUniform, EntryRole.Baseline, candidate);
            }
        }
    }

    private Entry? Spaced(string name) => name == BaselineNames.Own ? Own()
        : PlacementRules.Names.Contains(name) && Times(name, PlacementOptions.Default, Steps) is { } times
            ? new Entry(name, EntryRole.Baseline, Candidate.At(specification.Solver, times))
            : null;

    // As many steps as the budget buys with the pipeline's solver, which may make more calls than it has steps, or not place few of them.
    private Entry? Own()
    {
        for (var count = own is null ? 0 : Budget.WholeSteps("ddim", schedule); count > 0; count--)
        {
            if (own!(count) is { } candidate && Budget.Allows(candidate))
            {
                return new Entry(BaselineNames.Own, EntryRole.Baseline, candidate);
            }
        }

        return null;
    }

    // A rule that cannot place this many distinct times on this model gives no baseline.
    private IReadOnlyList<double>? Times(string name, PlacementOptions options, int count)
    {
        try
        {
            return PlacementRules.Create(name, schedule, count, options).Times is { } times && times.Count == count ? times : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
