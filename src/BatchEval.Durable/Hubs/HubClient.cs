using BatchEval.Durable.Serialization;
using DurableTask.AzureStorage;
using DurableTask.Core;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using PurgeResult = Microsoft.DurableTask.Client.PurgeResult;

namespace BatchEval.Durable.Hubs;

/// <summary>The client of a task hub on a storage account, under the same type as the client of a Functions host.</summary>
public sealed class HubClient : DurableTaskClient
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly AzureStorageOrchestrationService service;
    private readonly TaskHubClient client;

    internal HubClient(AzureStorageOrchestrationService service, string name)
        : base(name) => (this.service, client) = (service, new TaskHubClient(service, new PlainJson(), null));

    /// <summary>Opens a hub as a client only; it computes nothing.</summary>
    public static async Task<HubClient> OpenAsync(StorageServices storage, RunHub hub) =>
        new HubClient(await HubService.OpenAsync(storage, hub, $"client-{Environment.MachineName}-{Environment.ProcessId}", 1, TimeSpan.FromSeconds(30)), hub.Name);

    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        var dedupe = options?.DedupeStatuses?.Select(Enum.Parse<OrchestrationStatus>).ToArray() ?? [];
        try
        {
            var instance = await client.CreateOrchestrationInstanceAsync(orchestratorName.Name, string.Empty, options?.InstanceId, input, null, dedupe);
            return instance.InstanceId;
        }
        catch (OrchestrationAlreadyExistsException)
        {
            throw new InvalidOperationException($"The instance '{options?.InstanceId}' is under way already.");
        }
    }

    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default) =>
        client.RaiseEventAsync(Instance(instanceId), eventName, eventPayload!);

    public override async Task<OrchestrationMetadata> WaitForInstanceStartAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        await WaitAsync(instanceId, state => state.RuntimeStatus != OrchestrationRuntimeStatus.Pending, cancellation);

    public override async Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        await WaitAsync(instanceId, state => state.IsCompleted, cancellation);

    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        client.SuspendInstanceAsync(Instance(instanceId), reason);

    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        client.ResumeInstanceAsync(Instance(instanceId), reason);

    public override async Task<OrchestrationMetadata?> GetInstancesAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        await client.GetOrchestrationStateAsync(instanceId) is { } state ? Convert(state) : null;

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) =>
        throw new NotSupportedException("Runs are listed from the store.");

    public override async Task<PurgeResult> PurgeInstanceAsync(string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default) =>
        new((await service.PurgeInstanceHistoryAsync(instanceId)).InstancesDeleted);

    public override ValueTask DisposeAsync()
    {
        service.Dispose();
        return ValueTask.CompletedTask;
    }

    private static OrchestrationInstance Instance(string id) => new() { InstanceId = id };

    // The storage backend keeps the words of a failure in the output.
    private static OrchestrationMetadata Convert(OrchestrationState state) => new(state.Name, state.OrchestrationInstance.InstanceId)
    {
        RuntimeStatus = state.OrchestrationStatus switch
        {
            OrchestrationStatus.ContinuedAsNew => OrchestrationRuntimeStatus.Running,
            OrchestrationStatus.Canceled => OrchestrationRuntimeStatus.Terminated,
            var status => Enum.Parse<OrchestrationRuntimeStatus>(status.ToString()),
        },
        CreatedAt = state.CreatedTime,
        LastUpdatedAt = state.LastUpdatedTime,
        SerializedInput = state.Input,
        SerializedOutput = state.Output,
        SerializedCustomStatus = state.Status,
        DataConverter = DurableJson.Converter,
        FailureDetails = state.OrchestrationStatus == OrchestrationStatus.Failed ? new TaskFailureDetails(string.Empty, state.Output ?? string.Empty, null, null, null) : null,
    };

    private async Task<OrchestrationMetadata> WaitAsync(string instanceId, Func<OrchestrationMetadata, bool> until, CancellationToken cancellation)
    {
        while (true)
        {
            if (await GetInstancesAsync(instanceId, false, cancellation) is { } found && until(found))
            {
                return found;
            }

            await Task.Delay(Interval, cancellation);
        }
    }

    private sealed class PlainJson : DurableTask.Core.Serializing.DataConverter
    {
        public override string Serialize(object value) => DurableJson.Converter.Serialize(value)!;

        public override string Serialize(object value, bool formatted) => Serialize(value);

        public override object Deserialize(string data, Type objectType) => DurableJson.Converter.Deserialize(data, objectType)!;
    }
}
