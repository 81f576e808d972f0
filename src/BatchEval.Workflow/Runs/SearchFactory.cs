using BatchEval.Core.Search;
using BatchEval.Core.Search.Joint;
using BatchEval.Core.Search.Skipping;
using BatchEval.Workflow.Schedules;

namespace BatchEval.Workflow.Runs;

/// <summary>Creates the searches of a run: its own, random search, and searches of parts of its space, all within one budget.</summary>
public sealed class SearchFactory
{
    private const int MoreSteps = 4;

    // A search over reused outputs has up to this many steps per network call.
    private const int StepsPerCall = 2;
    private readonly RunSpecification specification;
    private readonly NoiseSchedule schedule;
    private readonly EntryFactory entries;
    private readonly ScheduleProposals proposals;
    private readonly SamplerSearches samplers;

    /// <param name="entries">Seeds and budget.</param>
    /// <param name="proposals">What a schedule method proposes, or null.</param>
    public SearchFactory(RunSpecification specification, NoiseSchedule schedule, EntryFactory entries, ScheduleProposals? proposals = null) =>
        (this.specification, this.schedule, this.entries, this.proposals, samplers) =
            (specification, schedule, entries, proposals ?? new ScheduleProposals(specification.Search.Method.Name(), 0, []), new SamplerSearches(specification, schedule, entries));

    private SearchSpecification Options => specification.Search;

    /// <summary>The run's own search; null where nothing is searched.</summary>
    /// <exception cref="ArgumentException">The search space is empty on this model.</exception>
    public ISearchMethod? Own() => (Options.Method, Options.Space) switch
    {
        (SearchMethod.None, _) => null,
        _ when Options.Method.IsSchedule() => Halving(),
        (_, SearchSpace.Sampler) or (SearchMethod.CmaEs or SearchMethod.Pattern, _) => Validated(samplers.Search(Options.Method)),
        (SearchMethod.Random, _) => Validated(RandomSearch.WithBudgetOf(OwnSpace(), Options.Evolution, specification.Seed)),
        (_, SearchSpace.Times) => Validated(new Evolution(OwnSpace(), Options.Evolution, entries.Seeds(), specification.Seed)),
        _ when Options.TwoStages == true => Validated(new TwoStageSearch((JointSpace)OwnSpace(), Options.Evolution, entries.UniformGrid(), specification.Seed)),
        _ => Joint((JointSpace)OwnSpace()),
    };

    /// <summary>Random search with at least the budget of the run's own search; null where it is not asked for.</summary>
    public ISearchMethod? Random() =>
        !specification.Baselines.Contains(BaselineNames.Random) || Options.Method is not (SearchMethod.Evolution or SearchMethod.CmaEs or SearchMethod.Pattern) ? null
        : Options.Space == SearchSpace.Sampler || Options.Method.IsVector() ? Validated(samplers.Search(SearchMethod.Random), Options.Evolution.Generations)
        : RandomSearch.WithBudgetOf(OwnSpace(), Enlarged(), specification.Seed);

    /// <summary>Searches of parts of the joint space with at least its budget, by the name of the baseline that each of them makes.</summary>
    public IReadOnlyList<(string Name, ISearchMethod Method)> Rivals()
    {
        if (Options.Method != SearchMethod.Evolution || !Options.Space.HasBlocks())
        {
            return [];
        }

        (string Name, Func<ISearchMethod> Create)[] all =
        [
            (BaselineNames.TimesOnly, () => new Evolution(Times(), Enlarged(), entries.Seeds(), specification.Seed)),
            (BaselineNames.BlocksOnly, () => Joint(Space(MaskRule.PerStep, Grids()))),
            (BaselineNames.SameBlocks, () => Joint(Space(MaskRule.Shared, null))),
        ];
        return [.. all.Where(r => specification.Baselines.Contains(r.Name)).Select(r => (r.Name, r.Create()))];
    }

    // Proposals of a schedule method are compared over the rungs; the space is only asked whether it is empty.
    private ISearchMethod Halving()
    {
        _ = Times();
        return proposals.Halving(specification.Solver, schedule, Options.Evolution);
    }

    // A baseline with the search's own number of candidates has the patience to draw them all.
    private ISearchMethod Validated(ISearchMethod search, int? patience = null) => Options.Interval is { } interval
        ? new ValidatedSearch(search, new ValidationOptions(specification.Validation.Samples, interval, patience ?? Options.Patience ?? 1, Math.Max(Options.Evolution.Elites, specification.Validation.Elites)))
        : search;

    private CandidateSpace OwnSpace() => Options.Space switch
    {
        SearchSpace.Joint => Space(MaskRule.PerStep, null),
        SearchSpace.Blocks => Space(MaskRule.PerStep, Grids()),
        _ => Times(),
    };

    // The space that the genes span.
    private CandidateSpace Times()
    {
        var (solver, steps, genes) = (specification.Solver, entries.Steps, Options.Genes);
        var (reuse, skip) = (genes.Contains(SearchGene.Reuse), genes.Contains(SearchGene.Skip));
        var most = Math.Max(steps, Math.Min(StepsPerCall * steps, schedule.TrainSteps ?? int.MaxValue));
        // Where other costs are limited, as many calls as the steps of the whole network that they buy.
        var calls = specification.Budget is { NeedsCosts: false, NetworkCalls: { } limit } ? limit : Math.Max(1, steps);
        return genes.Contains(SearchGene.Guidance) ? new GuidanceSpace(solver, OfSteps, steps, most)
            : reuse || skip ? new SkippingSpace(solver, OfSteps, steps, calls, most, reuse, skip)
            : OfSteps(steps);

        CandidateSpace OfSteps(int n) => new TimeStepSpace(solver, schedule, n, Options.MutationProbability, Options.LocalShare!.Value);
    }

    private JointSpace Space(MaskRule masks, IReadOnlyList<IReadOnlyList<double>>? grids) => new(specification.Solver, schedule, entries.Budget, new JointOptions
    {
        Masks = masks,
        Grids = grids,
        Window = new PruneWindow(Options.MinPrune, Options.MaxPrune!.Value),
        MutationProbability = Options.MutationProbability,
        LocalShare = Options.LocalShare!.Value,
        Published = Options.TwoStages == true,
    });

    private JointSearch Joint(JointSpace space) => new(space, Options.Evolution, entries.Seeds(), specification.Seed);

    // As many more candidates per generation as the samples of the joint search's warm rounds buy.
    private EvolutionOptions Enlarged()
    {
        var evolution = Options.Evolution;
        var warm = Own() is JointSearch search ? (double)search.WarmCandidates * evolution.Rungs[0] : 0;
        var (samples, share) = ((double)evolution.Rungs[0], 1.0);
        for (var rung = 1; rung < evolution.Rungs.Count; rung++)
        {
            share *= evolution.Survivors;
            samples += share * (evolution.Rungs[rung] - evolution.Rungs[rung - 1]);
        }

        return evolution with { Population = evolution.Population + (int)Math.Ceiling(warm / evolution.Generations / samples) };
    }

    // Uniform grids from all starts, with as many steps as the budget buys and with some more, which dropped blocks make affordable.
    private List<IReadOnlyList<double>> Grids()
    {
        var most = Math.Max(entries.Steps + MoreSteps, specification.Budget.Macs?.OfSteps ?? 0);
        most = Math.Min(most, specification.Budget.NetworkCalls is null ? most : entries.Steps);
        return [.. Enumerable.Range(entries.Steps, Math.Max(1, most - entries.Steps + 1)).SelectMany(entries.UniformTimes)];
    }
}
