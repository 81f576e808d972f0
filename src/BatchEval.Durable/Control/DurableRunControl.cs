using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Serialization;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Control;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace BatchEval.Durable.Control;

/// <summary>
/// Sets runs going and holds them through a Durable client: one instance per run, whose id follows from the run's. An order is written to
/// the store first, where every unit reads it before it begins, and then given to the engine, so that a lost message leaves a state that
/// the same order repairs.
/// </summary>
/// <param name="unitsInFlight">Most units of a run in flight at once.</param>
/// <param name="patience">How long the engine is given to get where it was told to; null for 10 seconds. Without a worker it never does.</param>
/// <param name="management">Addresses for managing an instance elsewhere, or null where there are none.</param>
public sealed class DurableRunControl(
    DurableTaskClient client, RunStore store, int unitsInFlight, TimeProvider time, TimeSpan? patience = null, Func<string, IReadOnlyDictionary<string, string>>? management = null)
    : IRunControl
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly string[] CanStop = [RunStates.Pending, RunStates.Running, RunStates.Paused, RunStates.Failed];
    private static readonly OrchestrationRuntimeStatus[] Live =
        [OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended];

    public async Task StartAsync(string runId, CancellationToken cancellation)
    {
        if (await IsLiveAsync(runId, cancellation))
        {
            // An instance whose end is recorded completes in a moment; a new one may follow only then.
            var stored = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(runId), cancellation);
            if (stored?.State is not (RunStates.Stopped or RunStates.Failed) || !await UntilAsync(runId, found => !IsLive(found), cancellation))
            {
                return;
            }
        }

        var options = new StartOrchestrationOptions(SearchOrchestration.InstanceOf(runId)).WithDedupeStatuses(Live);
        try
        {
            await RunStatusFile.MarkAsync(store, runId, RunStates.Pending, null, time, cancellation: cancellation);
            await client.ScheduleNewOrchestrationInstanceAsync(SearchOrchestration.Name, new SearchInput(runId, null, unitsInFlight), options, cancellation);
        }
#pragma warning disable CA1031 // Backends differ in how they refuse an instance that another request has just started.
        catch (Exception) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (!await IsLiveAsync(runId, cancellation))
            {
                throw;
            }
        }
    }

    public Task PauseAsync(string runId, CancellationToken cancellation) =>
        RunStatusFile.MarkAsync(store, runId, RunStates.Paused, null, time, [RunStates.Pending, RunStates.Running], cancellation);

    public async Task ResumeAsync(string runId, CancellationToken cancellation)
    {
        var stored = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(runId), cancellation);
        var found = await FindAsync(runId, cancellation);
        if (stored?.State == RunStates.Failed || !IsLive(found))
        {
            // It failed, or the hub was lost: the store knows where to go on.
            await StartAsync(runId, cancellation);
            return;
        }

        await RunStatusFile.MarkAsync(store, runId, RunStates.Running, null, time, [RunStates.Paused], cancellation);
        await client.RaiseEventAsync(SearchOrchestration.InstanceOf(runId), SearchOrchestration.ResumeEvent, "resumed by request", cancellation);
        await UnsuspendAsync(found, "resumed by request", cancellation);
        await UntilAsync(runId, now => now.RuntimeStatus is not OrchestrationRuntimeStatus.Suspended && StatusOf(now) is not { Paused: true }, cancellation);
    }

    public async Task StopAsync(string runId, CancellationToken cancellation)
    {
        var instance = SearchOrchestration.InstanceOf(runId);
        var found = await FindAsync(runId, cancellation);
        if (!IsLive(found))
        {
            await RunStatusFile.MarkAsync(store, runId, RunStates.Stopped, null, time, cancellation: cancellation);
            return;
        }

        // Units that have not begun see it in the store; the orchestration hears of it by the event, and records the end when nothing is in flight.
        await RunStatusFile.MarkAsync(store, runId, RunStates.Stopping, null, time, CanStop, cancellation);
        await client.RaiseEventAsync(instance, SearchOrchestration.StopEvent, "stopped by request", cancellation);
        await UnsuspendAsync(found, "stopped by request", cancellation);
        if (!await IsLiveAsync(runId, cancellation))
        {
            await RunStatusFile.MarkAsync(store, runId, RunStates.Stopped, null, time, [RunStates.Stopping], cancellation);
        }
    }

    public async Task<bool> ForgetAsync(string runId, CancellationToken cancellation)
    {
        if (await IsLiveAsync(runId, cancellation))
        {
            // Not terminated: activities in flight would go on and write into a run that is being deleted.
            await StopAsync(runId, cancellation);
            if (!await UntilAsync(runId, found => !IsLive(found), cancellation))
            {
                return false;
            }
        }

        await client.PurgeInstanceAsync(SearchOrchestration.InstanceOf(runId), cancellation: cancellation);
        return true;
    }

    /// <summary>How far the round under way is, or null where the engine does not know.</summary>
    public async Task<SearchStatus?> ProgressAsync(string runId, CancellationToken cancellation) =>
        await FindAsync(runId, cancellation) is { } found ? StatusOf(found) : null;

    public async Task<RunLife?> LookAsync(string runId, CancellationToken cancellation)
    {
        if (await FindAsync(runId, cancellation) is not { } found)
        {
            return null;
        }

        var stored = (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(runId), cancellation))?.State;
        var status = StatusOf(found);
        return new RunLife(StateOf(found.RuntimeStatus, status is { Paused: true }, stored), status?.Round, status?.UnitsDone ?? 0, found.FailureDetails?.ErrorMessage);
    }

    public IReadOnlyDictionary<string, string> ManagementOf(string runId) => management?.Invoke(SearchOrchestration.InstanceOf(runId)) ?? new Dictionary<string, string>();

    // The engine overrules the store where the store cannot know: an instance that was suspended, terminated or lost by other means, or
    // that waits because it has not heard that the run goes on.
    private static string? StateOf(OrchestrationRuntimeStatus engine, bool waits, string? stored) => (engine, stored) switch
    {
        (_, RunStates.Finished) => null,
        (OrchestrationRuntimeStatus.Suspended, not RunStates.Stopping) => RunStates.Paused,
        (OrchestrationRuntimeStatus.Failed, _) => RunStates.Failed,
        (OrchestrationRuntimeStatus.Terminated, _) => RunStates.Stopped,
        (OrchestrationRuntimeStatus.Pending or OrchestrationRuntimeStatus.Running, RunStates.Stopped) => RunStates.Stopping,
        (OrchestrationRuntimeStatus.Running, RunStates.Pending or RunStates.Running) when waits => RunStates.Paused,
        _ => null,
    };

    private static SearchStatus? StatusOf(OrchestrationMetadata found) =>
        found.SerializedCustomStatus is { Length: > 0 } json ? DurableJson.Read<SearchStatus>(json) : null;

    private static bool IsLive(OrchestrationMetadata? found) => found is not null && Live.Contains(found.RuntimeStatus);

    private async Task UnsuspendAsync(OrchestrationMetadata? found, string reason, CancellationToken cancellation)
    {
        if (found is { RuntimeStatus: OrchestrationRuntimeStatus.Suspended })
        {
            await client.ResumeInstanceAsync(found.InstanceId, reason, cancellation);
        }
    }

    private async Task<bool> UntilAsync(string runId, Func<OrchestrationMetadata, bool> there, CancellationToken cancellation)
    {
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < (patience ?? TimeSpan.FromSeconds(10));)
        {
            if (await FindAsync(runId, cancellation) is not { } found || there(found))
            {
                return true;
            }

            await Task.Delay(Interval, time, cancellation);
        }

        return false;
    }

    private async Task<bool> IsLiveAsync(string runId, CancellationToken cancellation) => IsLive(await FindAsync(runId, cancellation));

    private Task<OrchestrationMetadata?> FindAsync(string runId, CancellationToken cancellation) =>
        client.GetInstanceAsync(SearchOrchestration.InstanceOf(runId), getInputsAndOutputs: true, cancellation);
}
