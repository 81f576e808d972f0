using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Schedules;

namespace BatchEval.Workflow.Runs;

/// <summary>
/// The rounds that a run will consist of, with the sample-steps (network calls times samples) that each adds: the run's own decisions, with scores each of which is
/// better than all before, so that no search ends before its time. Failures and what other runs have computed are not foreseen.
/// </summary>
public sealed class RunForecast
{
    private readonly List<ForecastRound> rounds = [];

    public RunForecast(RunMachine machine)
    {
        var computed = new Dictionary<(string Candidate, long Start), int>();
        var scored = 0;
        for (var state = machine.Begin(); machine.Next(state) is { } plan; state = machine.Observe(state, plan.Stage == RunStage.Reference ? [] : [.. plan.Assignments.SkipLast(plan.Controls).Select(Score)]))
        {
            rounds.Add(new ForecastRound(StageOf(plan), plan.Generation, plan.Rung, plan.Assignments.Sum(Fresh)));
        }

        ScoredCandidate Score(Assignment assignment) => new(assignment.Entry.Candidate, 1.0 / ++scored, 0, assignment.Range.Count);

        long Fresh(Assignment assignment)
        {
            var key = (assignment.Entry.Candidate.Id, assignment.Range.Start);
            var before = computed.GetValueOrDefault(key);
            computed[key] = Math.Max(before, assignment.Range.Count);
            return (long)assignment.Entry.Candidate.NetworkCalls * (computed[key] - before);
        }
    }

    /// <summary>How many rounds there will be.</summary>
    public int Rounds => rounds.Count;

    /// <summary>All sample-steps of the run.</summary>
    public long Total => rounds.Sum(r => r.SampleSteps);

    /// <summary>A round, or null past the end.</summary>
    public ForecastRound? this[int round] => round >= 0 && round < rounds.Count ? rounds[round] : null;

    /// <summary>Sample-steps of all rounds before one.</summary>
    public long Before(int round) => rounds.Take(round).Sum(r => r.SampleSteps);

    /// <summary>
    /// Foresees a run that has not been prepared: uniform grids stand in for what a schedule method will propose, and as many network calls as a limit names for a
    /// limit that cannot be counted.
    /// </summary>
    /// <param name="specification">The run's specification, which fits the model.</param>
    /// <param name="costs">What the model costs as far as that can be counted, or null.</param>
    public static RunForecast Of(RunSpecification specification, NoiseSchedule schedule, CostModel? costs)
    {
        var budget = specification.Budget;
        if (budget.NeedsCosts && (costs is null || (budget.Milliseconds is not null && costs.Milliseconds == 0)))
        {
            specification = specification with { Budget = new BudgetSpecification { NetworkCalls = budget.ExpectedCalls } };
        }

        var proposals = specification.Search.Method.IsSchedule() ? ScheduleProposals.StandIns(specification.Search.Method.Name(), schedule, new EntryFactory(specification, schedule, costs).Steps) : null;
        return new RunForecast(new RunMachine(specification, schedule, costs, proposals));
    }

    /// <summary>Foresees a run of the store; null as long as it has not been prepared, and where its model is not here.</summary>
    public static async Task<RunForecast?> ReadAsync(RunStore store, ModelHost models, string runId, CancellationToken cancellation = default)
    {
        try
        {
            return await store.ExistsAsync(BlobNames.State(runId, 0), cancellation) ? new RunForecast((await RunContext.LoadAsync(store, models, runId, cancellation)).Machine) : null;
        }
        catch (Exception error) when (error is ProblemException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string StageOf(RoundPlan plan) => plan.Stage switch
    {
        RunStage.RandomSearch => "random search",
        RunStage.Rivals => plan.Assignments[0].Entry.Name,
        var stage => stage.ToString().ToLowerInvariant(),
    };
}

/// <summary>A round to come.</summary>
/// <param name="Generation">Its generation, from 0.</param>
/// <param name="Rung">Its rung, from 0.</param>
public sealed record ForecastRound(string Stage, int Generation, int Rung, long SampleSteps);
