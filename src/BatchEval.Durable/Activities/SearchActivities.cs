using BatchEval.Core.Json;
using BatchEval.Durable.Orchestration;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Durable.Activities;

/// <summary>The activities of a search as the Durable engine calls them: the same classes that the local runner calls. All of them may run twice.</summary>
/// <param name="open">Opens the store; asked before every activity.</param>
/// <param name="time">Clock of the activities; the orchestrator has none.</param>
public sealed class SearchActivities(Func<CancellationToken, Task<RunStore>> open, ModelHost models, TimeProvider time)
{
    /// <summary>Writes a run's fixed inputs and finds the round to go on with.</summary>
    public async Task<RunPosition> PrepareAsync(PrepareInput input, CancellationToken cancellation) =>
        await new PrepareActivity(await open(cancellation), models, time).RunAsync(input, cancellation);

    /// <summary>Cuts a round into units.</summary>
    public async Task<RoundOutline> PlanAsync(RoundInput input, CancellationToken cancellation) =>
        await new PlanActivity(await open(cancellation), models).RunAsync(input, cancellation);

    /// <summary>Computes a unit, unless the run is paused.</summary>
    public async Task<UnitOutcome> EvaluateAsync(UnitInput input, CancellationToken cancellation)
    {
        var store = await open(cancellation);
        return (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(input.RunId), cancellation))?.State == RunStates.Paused
            ? new UnitOutcome(0, 0, 0, Paused: true)
            : await new EvaluateActivity(store, models, time).RunAsync(input, cancellation);
    }

    /// <summary>Scores a round and moves the run on.</summary>
    public async Task<RunPosition> AdvanceAsync(RoundInput input, CancellationToken cancellation) =>
        await new AdvanceActivity(await open(cancellation), models, time).RunAsync(input, cancellation);

    /// <summary>Records how a run ended.</summary>
    public async Task<string> RecordAsync(RecordInput input, CancellationToken cancellation)
    {
        await RunStatusFile.MarkAsync(await open(cancellation), input.RunId, input.State, input.Error is { } error ? ErrorText.OneLine(error) : null, time, cancellation: cancellation);
        return input.State;
    }

    /// <summary>Hands every activity to an engine, by name.</summary>
    public void Register(IActivityRegistrar registrar)
    {
        registrar.Add<PrepareInput, RunPosition>(ActivityNames.Prepare, PrepareAsync);
        registrar.Add<RoundInput, RoundOutline>(ActivityNames.Plan, PlanAsync);
        registrar.Add<UnitInput, UnitOutcome>(ActivityNames.Evaluate, EvaluateAsync);
        registrar.Add<RoundInput, RunPosition>(ActivityNames.Advance, AdvanceAsync);
        registrar.Add<RecordInput, string>(SearchOrchestration.Record, RecordAsync);
    }
}

/// <summary>Takes activities in; engines differ in how.</summary>
public interface IActivityRegistrar
{
    void Add<TInput, TOutput>(string name, Func<TInput, CancellationToken, Task<TOutput>> activity);
}
