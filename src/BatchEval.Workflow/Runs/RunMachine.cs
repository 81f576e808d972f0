using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Runs;

/// <summary>
/// A run as a pure state machine: <see cref="Next"/> says what to compute, <see cref="Observe"/> takes the scores in. All decisions of a
/// run are made here and in the search methods; activities only carry them out.
/// </summary>
public sealed class RunMachine
{
    private readonly RunSpecification specification;
    private readonly ContestantFactory contestants;
    private readonly ISearchMethod? search;
    private readonly ISearchMethod? randomSearch;

    /// <summary>Creates the machine of a run.</summary>
    /// <param name="specification">What the user asked for.</param>
    /// <param name="schedule">The model's noise schedule.</param>
    /// <exception cref="ArgumentException">The search space is empty on this model.</exception>
    public RunMachine(RunSpecification specification, NoiseSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(specification);
        this.specification = specification;
        contestants = new ContestantFactory(specification, schedule);
        if (specification.Search.Method == "none")
        {
            return;
        }

        var options = specification.Search;
        var space = SearchSpaces.Create(specification, schedule, contestants.Steps);
        ISearchMethod random = RandomSearch.WithBudgetOf(space, options.Evolution, specification.Seed);
        search = options.Method == "random" ? random : new Evolution(space, options.Evolution, contestants.Seeds(), specification.Seed);
        randomSearch = options.Method != "random" && specification.Baselines.Contains(BaselineNames.Random) ? random : null;
    }

    /// <summary>The next round, or null when the run is done.</summary>
    public RoundPlan? Next(RunState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Stage switch
        {
            RunStage.Reference => PlanReference(state),
            RunStage.Search => PlanSearch(state, search!.Next(state.Search)!, contestants.SearchedName, ContestantRole.Searched),
            RunStage.RandomSearch => PlanSearch(state, randomSearch!.Next(state.RandomSearch)!, BaselineNames.Random, ContestantRole.Baseline),
            RunStage.Validation => Plan(state, contestants.Validation(state), new SampleRange(SampleRange.ValidationStart, specification.Validation.Samples), false),
            RunStage.Final => Plan(state, state.Contestants, new SampleRange(SampleRange.FinalStart, specification.Final.Samples), true),
            _ => null,
        };
    }

    /// <summary>Takes a round's scores in.</summary>
    /// <param name="state">The state that the round was planned from.</param>
    /// <param name="scores">The objective per candidate; lower is better.</param>
    public RunState Observe(RunState state, IReadOnlyList<ScoredCandidate> scores)
    {
        ArgumentNullException.ThrowIfNull(state);
        var next = state.Stage switch
        {
            RunStage.Search => ObserveSearch(state with { Search = search!.Observe(state.Search, scores) }, scores, s => s.Search),
            RunStage.RandomSearch => ObserveSearch(state with { RandomSearch = randomSearch!.Observe(state.RandomSearch, scores) }, scores, s => s.RandomSearch),
            RunStage.Validation => state with { Contestants = contestants.Final(state, scores) },
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
        RunStage.RandomSearch when randomSearch?.Next(state.RandomSearch) is null => Settle(state with { Stage = RunStage.Validation }),
        RunStage.Validation when state.Contestants.Count == 0 && contestants.Validation(state).Count == 0 =>
            Settle(state with { Stage = RunStage.Final, Contestants = contestants.Final(state, []) }),
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
        var reference = contestants.Reference();
        var ranges = new List<SampleRange> { new(SampleRange.FinalStart, Math.Min(specification.Reference.Samples, specification.Final.Samples)) };
        if (specification.Objective.IsPaired)
        {
            ranges.Add(new SampleRange(SampleRange.SearchStart, specification.Search.Evolution.Rungs[^1]));
            ranges.Add(new SampleRange(SampleRange.ValidationStart, specification.Validation.Samples));
        }

        return new RoundPlan(state.Round, state.Stage, 0, 0, [.. ranges.Select(r => new Assignment(reference, r, KeepImages: true, 0))]);
    }

    private RoundPlan PlanSearch(RunState state, Proposal proposal, string name, ContestantRole role)
    {
        var range = new SampleRange(SampleRange.SearchStart, proposal.Samples);
        var paired = specification.Objective.IsPaired ? proposal.Samples : 0;
        return new RoundPlan(state.Round, state.Stage, proposal.Generation, proposal.Rung, [.. proposal.Candidates.Select(c => new Assignment(new Contestant(name, role, c), range, false, paired))]);
    }

    private RoundPlan Plan(RunState state, IReadOnlyList<Contestant> all, SampleRange range, bool final)
    {
        var paired = final ? Math.Min(range.Count, specification.Reference.Samples) : specification.Objective.IsPaired ? range.Count : 0;
        return new RoundPlan(state.Round, state.Stage, 0, 0, [.. all.Select(c => new Assignment(c, range, final, paired))]);
    }

    private RunState ObserveSearch(RunState state, IReadOnlyList<ScoredCandidate> scores, Func<RunState, SearchState> select)
    {
        var search = select(state);
        var (generation, rung) = Math.DivRem(search.Round - 1, specification.Search.Evolution.Rungs.Count);
        if (rung < specification.Search.Evolution.Rungs.Count - 1 || search.Archive.Count == 0)
        {
            return state;
        }

        var median = ScoredCandidate.Rank(scores).ElementAt(scores.Count / 2).Score;
        var record = new GenerationRecord(state.Stage, generation, search.Archive[0].Score, median, search.SampleSteps);
        return state with { History = [.. state.History, record] };
    }
}
