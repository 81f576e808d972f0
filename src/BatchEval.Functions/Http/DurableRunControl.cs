using BatchEval.Functions.Orchestration;
using BatchEval.Http.Control;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Storage;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace BatchEval.Functions.Http;

/// <summary>Sets runs going and holds them through the Durable client: one instance per run, whose id follows from the run's.</summary>
/// <param name="client">The client.</param>
/// <param name="store">The store.</param>
/// <param name="services">What functions share.</param>
public sealed class DurableRunControl(DurableTaskClient client, RunStore store, WorkerServices services) : IRunControl
{
    private static readonly OrchestrationRuntimeStatus[] Live =
        [OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended];

    /// <inheritdoc/>
    public async Task StartAsync(string runId, CancellationToken cancellation)
    {
        if (await IsLiveAsync(runId, cancellation))
        {
            return;
        }

        var options = new StartOrchestrationOptions(SearchOrchestration.InstanceOf(runId)).WithDedupeStatuses(Live);
        try
        {
            await RunStatusFile.MarkAsync(store, runId, "pending", null, services.Time, cancellation);
            var input = new SearchInput(runId, null, services.Settings.UnitsInFlight);
            await client.ScheduleNewOrchestrationInstanceAsync(SearchOrchestration.Name, input, options, cancellation);
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

    /// <inheritdoc/>
    public async Task PauseAsync(string runId, CancellationToken cancellation)
    {
        await client.SuspendInstanceAsync(SearchOrchestration.InstanceOf(runId), "paused by request", cancellation);
        await RunStatusFile.MarkAsync(store, runId, "paused", null, services.Time, cancellation);
    }

    /// <inheritdoc/>
    public async Task ResumeAsync(string runId, CancellationToken cancellation)
    {
        if (await IsLiveAsync(runId, cancellation))
        {
            await RunStatusFile.MarkAsync(store, runId, "running", null, services.Time, cancellation);
            await client.ResumeInstanceAsync(SearchOrchestration.InstanceOf(runId), "resumed by request", cancellation);
            return;
        }

        // It failed, or the hub was lost: the store knows where to go on.
        await StartAsync(runId, cancellation);
    }

    /// <inheritdoc/>
    public async Task StopAsync(string runId, CancellationToken cancellation)
    {
        var instance = SearchOrchestration.InstanceOf(runId);
        var found = await client.GetInstanceAsync(instance, cancellation: cancellation);
        if (found?.RuntimeStatus == OrchestrationRuntimeStatus.Suspended)
        {
            // A suspended instance hears no events.
            await client.TerminateInstanceAsync(instance, new TerminateInstanceOptions("stopped"), cancellation);
        }
        else if (found is not null && Live.Contains(found.RuntimeStatus))
        {
            await client.RaiseEventAsync(instance, SearchOrchestration.StopEvent, "stopped by request", cancellation);
        }

        await RunStatusFile.MarkAsync(store, runId, "stopped", null, services.Time, cancellation);
    }

    /// <inheritdoc/>
    public async Task ForgetAsync(string runId, CancellationToken cancellation)
    {
        var instance = SearchOrchestration.InstanceOf(runId);
        if (await IsLiveAsync(runId, cancellation))
        {
            await client.TerminateInstanceAsync(instance, new TerminateInstanceOptions("deleted"), cancellation);
            await client.WaitForInstanceCompletionAsync(instance, cancellation: cancellation);
        }

        await client.PurgeInstanceAsync(instance, cancellation: cancellation);
    }

    /// <inheritdoc/>
    public async Task<RunLife?> LookAsync(string runId, CancellationToken cancellation)
    {
        var found = await client.GetInstanceAsync(SearchOrchestration.InstanceOf(runId), getInputsAndOutputs: true, cancellation);
        if (found is null)
        {
            return null;
        }

        var status = found.SerializedCustomStatus is { Length: > 0 } json ? WorkerJson.Read<SearchStatus>(json) : null;
        var state = found.RuntimeStatus switch
        {
            OrchestrationRuntimeStatus.Suspended => "paused",
            OrchestrationRuntimeStatus.Failed => "failed",
            OrchestrationRuntimeStatus.Terminated => "stopped",
            _ => null,
        };
        return new RunLife(state, status?.Round, status?.UnitsDone ?? 0, found.FailureDetails?.ErrorMessage);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> ManagementOf(string runId) => ManagementLinks.From(client.CreateHttpManagementPayload(SearchOrchestration.InstanceOf(runId)));

    private async Task<bool> IsLiveAsync(string runId, CancellationToken cancellation) =>
        await client.GetInstanceAsync(SearchOrchestration.InstanceOf(runId), cancellation: cancellation) is { } found && Live.Contains(found.RuntimeStatus);
}
