using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Optimisers;
using BatchEval.Core.Search.Samplers;
using BatchEval.Workflow.Schedules;

namespace BatchEval.Workflow.Runs;

/// <summary>Creates searches over a sampler's numbers from a specification.</summary>
/// <param name="entries">Steps that the budget buys, and what it allows.</param>
internal sealed class SamplerSearches(RunSpecification specification, NoiseSchedule schedule, EntryFactory entries)
{
    // Standard deviations below a fiftieth of a sensible change are not worth samples.
    private const double StepTolerance = 0.02;
    private const double BaseSurvivors = 0.1;
    private const int ControlSamples = 1024;

    private IReadOnlyList<Candidate>? bases;

    private SearchSpecification Options => specification.Search;

    private bool VariesGuidance => Options.Genes.Contains(SearchGene.Guidance);

    private IReadOnlyList<Candidate> Bases => bases ??= Known();

    /// <summary>A search by a method. What it may begin at takes a while to place for many steps, and is placed once the search begins.</summary>
    /// <exception cref="ArgumentException">The budget buys no step, or there is nothing to begin with.</exception>
    public ISearchMethod Search(SearchMethod method)
    {
        if (!specification.Candidates.Any(IsInside) && (entries.Steps < 1 || entries.Steps > (schedule.TrainSteps ?? int.MaxValue)))
        {
            throw new ArgumentException($"A search over {entries.Steps} steps is empty; the model allows {(schedule.TrainSteps is { } most ? $"1 to {most} steps" : "at least 1 step")}.");
        }

        return new Deferred(() => new SamplerSearch(Bases, BaseRungs(), BaseSurvivors, origin => Around(origin, method)));
    }

    // Bases differ more than the points of a generation, so half of the samples sort the worst of them out.
    private IReadOnlyList<int> BaseRungs() => Options.Evolution.Rungs is [var first, ..] and [.., var last] && Bases.Count > 1 ? [.. new[] { Math.Max(2, first / 2), last }.Distinct()] : [Options.Evolution.Rungs[0]];

    // Candidates that the user gave and that are inside the budget, or every heuristic at its default and at other end points.
    private List<Candidate> Known()
    {
        if (specification.Candidates.Where(IsInside).ToList() is { Count: > 0 } given)
        {
            return given;
        }

        var steps = entries.Steps;
        var pool = new HeuristicPool(schedule, Solver.Parse(specification.Solver).Order);
        var whole = pool.All(steps).Select(s => Candidate.At(specification.Solver, s.Times, s.End));
        var guided = VariesGuidance ? SkippingSeeds.Guided(specification.Solver, schedule, steps, pool.All).Where(IsInside) : [];
        return [.. whole.Concat(guided).DistinctBy(c => c.Id)];
    }

    // Without limits of costs nothing is known of blocks, and only calls count; one without the negative evaluation of guidance is half a call.
    private bool IsInside(Candidate candidate) => specification.Budget.NeedsCosts
        ? entries.Budget.Allows(candidate)
        : candidate.NetworkCalls - (0.5 * candidate.Steps.Count(s => !s.Reuse && s.Guidance != StepGuidance.Full)) <= specification.Budget.NetworkCalls;

    private ISearchMethod Around(Candidate origin, SearchMethod method)
    {
        var groups = Options.Groups is { } varied ? varied.Aggregate(SamplerGroups.None, (all, g) => all | Enum.Parse<SamplerGroups>(g.ToString())) : SamplerGroups.Times;
        groups |= VariesGuidance ? SamplerGroups.Guidance : SamplerGroups.None;
        var (space, evolution, seed) = (new SamplerSpace(origin, schedule, groups, Options.MutationProbability), Options.Evolution, specification.Seed);
        return method switch
        {
            SearchMethod.CmaEs => Vector(space, new CmaEs(space.Variables, new CmaOptions(evolution.Population, Options.StepSize ?? 1, StepTolerance), seed)),
            SearchMethod.Pattern => Vector(space, new PatternSearch(space.Variables, Options.StepSize ?? 1)),
            SearchMethod.Random => RandomSearch.WithBudgetOf(space, evolution, seed),
            _ => new Evolution(space, evolution, [origin], seed),
        };
    }

    // Paired objectives have images of the unaccelerated sampler for the first samples only.
    private VectorSearch Vector(SamplerSpace space, IOptimiser optimiser) =>
        new(space, optimiser, new VectorSearchOptions(Options.Evolution.Generations, Options.Evolution.Rungs, !specification.Objective.IsPaired, MetricCatalog.Find(specification.Objective.Metric).HasControl ? ControlSamples : 0));

    private sealed class Deferred(Func<ISearchMethod> create) : ISearchMethod
    {
        private readonly Lazy<ISearchMethod> search = new(create);

        public Proposal? Next(SearchState state) => search.Value.Next(state);

        public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores) => search.Value.Observe(state, scores);
    }
}
