using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace BatchEval.Functions.Tests.Http;

/// <summary>A Durable client that holds instances in memory.</summary>
internal sealed class FakeDurableClient() : DurableTaskClient("fake")
{
    private readonly Lock gate = new();

    public Dictionary<string, OrchestrationRuntimeStatus> Instances { get; } = [];

    public List<string> Calls { get; } = [];

    public override Task<string> ScheduleNewOrchestrationInstanceAsync(TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        lock (gate)
        {
            var id = options!.InstanceId!;
            if (Instances.TryGetValue(id, out var status) && options.DedupeStatuses!.Contains(status.ToString()))
            {
                throw new InvalidOperationException("An instance of that id is live.");
            }

            Instances[id] = OrchestrationRuntimeStatus.Running;
            Calls.Add($"schedule {orchestratorName.Name} {id} {WorkerJson.Write(input)}");
            return Task.FromResult(id);
        }
    }

    public override async Task<OrchestrationMetadata?> GetInstancesAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        await Task.Yield();
        lock (gate)
        {
            return Instances.TryGetValue(instanceId, out var status) ? new OrchestrationMetadata("Search", instanceId) { RuntimeStatus = status, SerializedCustomStatus = "{\"round\":2,\"unitsDone\":5}" } : null;
        }
    }

    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default) => NoteAsync($"raise {eventName} {instanceId}");

    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) => NoteAsync($"suspend {instanceId}", instanceId, OrchestrationRuntimeStatus.Suspended);

    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) => NoteAsync($"resume {instanceId}", instanceId, OrchestrationRuntimeStatus.Running);

    public override Task TerminateInstanceAsync(string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default) => NoteAsync($"terminate {instanceId}", instanceId, OrchestrationRuntimeStatus.Terminated);

    public override Task<PurgeResult> PurgeInstanceAsync(string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        Calls.Add($"purge {instanceId}");
        return Task.FromResult(new PurgeResult(Instances.Remove(instanceId) ? 1 : 0));
    }

    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) => throw new NotSupportedException();

    public override async Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) => (await GetInstancesAsync(instanceId, false, cancellation))!;

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) => throw new NotSupportedException();

    public override ValueTask DisposeAsync() => default;

    private Task NoteAsync(string call, string? instance = null, OrchestrationRuntimeStatus status = default)
    {
        Calls.Add(call);
        if (instance is not null)
        {
            Instances[instance] = status;
        }

        return Task.CompletedTask;
    }
}
