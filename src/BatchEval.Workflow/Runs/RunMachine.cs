using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Schedules;

namespace BatchEval.Workflow.Runs;

/// <summary>
/// A run as a pure state machine: <see cref="Next"/> says what to compute, <see cref="Observe"/> takes the scores in. All decisions of a
/// run are made here and in the search methods; activities only carry them out.
/// </summary>
public sealed class RunMachine
{
    private readonly RunSpecification specification;
    private readonly EntryFactory entries;
    private readonly ISearchMethod? search;
    private readonly ISearchMethod? randomSearch;
    private readonly IReadOnlyList<(string Name, ISearchMethod Method)> rivals;

    /// <param name="costs">What the model costs; null where only calls count.</param>
    /// <param name="proposals">What a schedule method proposes; null for other methods, and before it is computed.</param>
    /// <param name="own">What the model's own pipeline samples with in a number of steps; null where that is unknown.</param>
    /// <exception cref="ArgumentException">The search space is empty on this model.</exception>
    public RunMachine(RunSpecification specification, NoiseSchedule schedule, CostModel? costs = null, ScheduleProposals? proposals = null, Func<int, Candidate?>? own = null)
    {
        this.specification = specification;
        entries = new EntryFactory(specification, schedule, costs, own);
        var factory = new SearchFactory(specification, schedule, entries, proposals);
        (search, randomSearch, rivals) = (Once.Of(factory.Own()), Once.Of(factory.Random()), [.. factory.Rivals().Select(r => (r.Name, Once.Of(r.Method)!))]);
    }

    /// <summary>The next round, or null when the run is done.</summary>
    public RoundPlan? Next(RunState state) => state.Stage switch
    {
        RunStage.Reference => PlanReference(state),
        RunStage.Search => PlanSearch(state, search!.Next(state.Search)!, entries.SearchedName, EntryRole.Searched),
        RunStage.RandomSearch => PlanSearch(state, randomSearch!.Next(state.RandomSearch)!, BaselineNames.Random, EntryRole.Baseline),
        RunStage.Rivals => PlanRival(state),
        RunStage.Validation => Plan(state, entries.Validation(state), new SampleRange(SampleRange.ValidationStart, specification.Validation.Samples), false),
        RunStage.Final => Plan(state, state.Entries, new SampleRange(SampleRange.FinalStart, specification.Final.Samples), true),
        _ => null,
    };

    /// <summary>Takes a round's scores in.</summary>
    /// <param name="state">The state that the round was planned from.</param>
    /// <param name="scores">The objective per candidate; lower is better.</param>
    public RunState Observe(RunState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var next = state.Stage switch
        {
            RunStage.Search => ObserveSearch(state with { Search = search!.Observe(state.Search, scores) }, scores, search!.Next(state.Search)!, s => s.Search),
            RunStage.RandomSearch => ObserveSearch(state with { RandomSearch = randomSearch!.Observe(state.RandomSearch, scores) }, scores, randomSearch!.Next(state.RandomSearch)!, s => s.RandomSearch),
            RunStage.Rivals => ObserveRival(state, scores),
            RunStage.Validation => state with { Entries = entries.Final(state, scores) },
            _ => state,
        };
        return Settle(next with { Round = state.Round + 1, Stage = StageAfter(next) });
    }

    /// <summary>The state of a run that has not begun.</summary>
    public RunState Begin() => Settle(RunState.Start);

    // Passes over stages that have nothing to do.
    private RunState Settle(RunState state) => state.Stage switch
    {
        RunStage.Reference when specification.Reference.Samples == 0 => Settle(state with { Stage = RunStage.Search }),
        RunStage.Search when search?.Next(state.Search) is null => Settle(state with { Stage = RunStage.RandomSearch }),
        RunStage.RandomSearch when randomSearch?.Next(state.RandomSearch) is null => Settle(state with { Stage = RunStage.Rivals }),
        RunStage.Rivals when Current(state) is null => Settle(state with { Stage = RunStage.Validation }),
        RunStage.Validation when state.Entries.Count == 0 && entries.Validation(state).Count == 0 =>
            Settle(state with { Stage = RunStage.Final, Entries = entries.Final(state, []) }),
        _ => state,
    };

    private static RunStage StageAfter(RunState state) => state.Stage switch
    {
        RunStage.Reference => RunStage.Search,
        RunStage.Validation => RunStage.Final,
        RunStage.Final => RunStage.Done,
        var same => same,
    };

    private RoundPlan PlanReference(RunState state)
    {
        var reference = entries.Reference();
        var ranges = new List<SampleRange> { new(SampleRange.FinalStart, Math.Min(specification.Reference.Samples, specification.Final.Samples)) };
        // Only what something will be compared on.
        var searches = search is not null || randomSearch is not null || rivals.Count > 0;
        if (specification.Objective.IsPaired && searches)
        {
            ranges.Add(new SampleRange(SampleRange.SearchStart, specification.Search.Evolution.Rungs[^1]));
        }

        if (specification.Objective.IsPaired && (searches || entries.Validation(state).Count > 0))
        {
            ranges.Add(new SampleRange(SampleRange.ValidationStart, specification.Validation.Samples));
        }

        return new RoundPlan(state.Round, state.Stage, 0, 0, [.. ranges.Select(r => new Assignment(reference, r, KeepImages: true, 0))]);
    }

    private RoundPlan PlanSearch(RunState state, Proposal proposal, string name, EntryRole role)
    {
        var range = new SampleRange((proposal.Validates ? SampleRange.ValidationStart : SampleRange.SearchStart) + proposal.First, proposal.Samples);
        var paired = specification.Objective.IsPaired ? proposal.Samples : 0;
        Assignment Of(Candidate candidate, SampleRange samples) => new(new Entry(name, role, candidate), samples, false, paired);
        Assignment[] controls = proposal.Control is { } control ? [Of(control.Candidate, range), Of(control.Candidate, new SampleRange(SampleRange.SearchStart + control.First, control.Samples))] : [];
        return new RoundPlan(state.Round, state.Stage, proposal.Generation, proposal.Rung, [.. proposal.Candidates.Select(c => Of(c, range)), .. controls]) { Controls = controls.Length, Parents = proposal.Parents };
    }

    private RoundPlan Plan(RunState state, IReadOnlyList<Entry> all, SampleRange range, bool final)
    {
        var paired = final ? Math.Min(range.Count, specification.Reference.Samples) : specification.Objective.IsPaired ? range.Count : 0;
        return new RoundPlan(state.Round, state.Stage, 0, 0, [.. all.Select(c => new Assignment(c, range, final, paired))]);
    }

    private static SearchState StateOf(RunState state, string name) => state.Rivals.FirstOrDefault(r => r.Name == name)?.Search ?? SearchState.Empty;

    // The first rival that has not ended.
    private (string Name, ISearchMethod Method)? Current(RunState state)
    {
        var open = rivals.Where(r => r.Method.Next(StateOf(state, r.Name)) is not null).Take(1).ToList();
        return open.Count == 0 ? null : open[0];
    }

    private RoundPlan PlanRival(RunState state)
    {
        var (name, method) = Current(state)!.Value;
        return PlanSearch(state, method.Next(StateOf(state, name))!, name, EntryRole.Baseline);
    }

    private RunState ObserveRival(RunState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var (name, method) = Current(state)!.Value;
        var observed = new RivalState(name, method.Observe(StateOf(state, name), scores));
        return state with { Rivals = [.. state.Rivals.Where(r => r.Name != name), observed] };
    }

    private RunState ObserveSearch(RunState state, IReadOnlyList<ScoredCandidate> scores, Proposal proposal, Func<RunState, SearchState> select)
    {
        var search = select(state);
        var counts = search.Validation is null ? proposal.Samples >= specification.Search.Evolution.Rungs[^1] : proposal.Validates;
        if (!counts || search.Elites(1).FirstOrDefault() is not { } best)
        {
            return state;
        }

        var median = ScoredCandidate.Rank(scores).ElementAt(scores.Count / 2).Score;
        var record = new GenerationRecord(state.Stage, proposal.Generation, best.Score, median, search.SampleSteps);
        return state with { History = [.. state.History, record] };
    }

    /// <summary>A search that breeds a generation once, although the machine asks for it several times.</summary>
    private sealed class Once(ISearchMethod inner) : ISearchMethod
    {
        private Tuple<SearchState, Proposal?>? last;

        public static Once? Of(ISearchMethod? search) => search is null ? null : new Once(search);

        public Proposal? Next(SearchState state)
        {
            var known = last;
            if (!ReferenceEquals(known?.Item1, state))
            {
                last = known = Tuple.Create(state, inner.Next(state));
            }

            return known.Item2;
        }

        public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores) => inner.Observe(state, scores);
    }
}
