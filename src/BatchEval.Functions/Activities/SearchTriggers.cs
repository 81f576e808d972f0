using BatchEval.Durable.Activities;
using BatchEval.Durable.Orchestration;
using BatchEval.Workflow.Activities;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace BatchEval.Functions.Activities;

/// <summary>Triggers of the orchestrator and of its activities.</summary>
/// <param name="services">What functions share.</param>
public sealed class SearchTriggers(WorkerServices services)
{
    private SearchActivities Activities => services.Activities;

    [Function(SearchOrchestration.Name)]
    public static Task<string?> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context, SearchInput input) => new SearchOrchestration().RunAsync(context, input);

    /// <summary>Writes a run's fixed inputs and finds the round to go on with.</summary>
    [Function(ActivityNames.Prepare)]
    public Task<RunPosition> PrepareAsync([ActivityTrigger] PrepareInput input, CancellationToken cancellation) => Activities.PrepareAsync(input, cancellation);

    /// <summary>Cuts a round into units.</summary>
    [Function(ActivityNames.Plan)]
    public Task<RoundOutline> PlanAsync([ActivityTrigger] RoundInput input, CancellationToken cancellation) => Activities.PlanAsync(input, cancellation);

    /// <summary>Computes a unit.</summary>
    [Function(ActivityNames.Evaluate)]
    public Task<UnitOutcome> EvaluateAsync([ActivityTrigger] UnitInput input, CancellationToken cancellation) => Activities.EvaluateAsync(input, cancellation);

    /// <summary>Scores a round and moves the run on.</summary>
    [Function(ActivityNames.Advance)]
    public Task<RunPosition> AdvanceAsync([ActivityTrigger] RoundInput input, CancellationToken cancellation) => Activities.AdvanceAsync(input, cancellation);

    /// <summary>Records how a run ended.</summary>
    [Function(SearchOrchestration.Record)]
    public Task<string> RecordAsync([ActivityTrigger] RecordInput input, CancellationToken cancellation) => Activities.RecordAsync(input, cancellation);
}
