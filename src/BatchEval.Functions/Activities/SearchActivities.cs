using BatchEval.Functions.Orchestration;
using BatchEval.Workflow.Activities;
using Microsoft.Azure.Functions.Worker;

namespace BatchEval.Functions.Activities;

/// <summary>Activity triggers. Thin: the work is in the activity classes that the local runner calls too, and all of it may run twice.</summary>
/// <param name="services">What functions share.</param>
public sealed class SearchActivities(WorkerServices services)
{
    /// <summary>Writes a run's fixed inputs and finds the round to go on with.</summary>
    [Function(ActivityNames.Prepare)]
    public async Task<RunPosition> PrepareAsync([ActivityTrigger] PrepareInput input, CancellationToken cancellation) =>
        await new PrepareActivity(await services.StoreAsync(cancellation), services.Models).RunAsync(input, cancellation);

    /// <summary>Cuts a round into units.</summary>
    [Function(ActivityNames.Plan)]
    public async Task<RoundOutline> PlanAsync([ActivityTrigger] RoundInput input, CancellationToken cancellation) =>
        await new PlanActivity(await services.StoreAsync(cancellation), services.Models).RunAsync(input, cancellation);

    /// <summary>Computes a unit; the only activity of the GPU app.</summary>
    [Function(ActivityNames.Evaluate)]
    public async Task<UnitOutcome> EvaluateAsync([ActivityTrigger] UnitInput input, CancellationToken cancellation) =>
        await new EvaluateActivity(await services.StoreAsync(cancellation), services.Models, services.Time).RunAsync(input, cancellation);

    /// <summary>Scores a round and moves the run on.</summary>
    [Function(ActivityNames.Advance)]
    public async Task<RunPosition> AdvanceAsync([ActivityTrigger] RoundInput input, CancellationToken cancellation) =>
        await new AdvanceActivity(await services.StoreAsync(cancellation), services.Models, services.Time).RunAsync(input, cancellation);

    /// <summary>Records how a run ended.</summary>
    [Function(SearchOrchestration.Record)]
    public async Task<string> RecordAsync([ActivityTrigger] RecordInput input, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(input);
        await RunStatusFile.MarkAsync(await services.StoreAsync(cancellation), input.RunId, input.State, input.Error, services.Time, cancellation);
        return input.State;
    }
}
