using DurableTask.AzureStorage;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchEval.Durable.Hubs;

/// <summary>Opens the task hub of a run on a storage account.</summary>
internal static class HubService
{
    /// <summary>Opens a hub and creates what of it is missing.</summary>
    /// <param name="worker">Name of the worker, or of the client.</param>
    /// <param name="parallel">Activities at once.</param>
    /// <param name="lease">How long work is kept for a worker that has ended without giving it back.</param>
    public static async Task<AzureStorageOrchestrationService> OpenAsync(StorageServices storage, RunHub hub, string worker, int parallel, TimeSpan lease)
    {
        var service = new AzureStorageOrchestrationService(new AzureStorageOrchestrationServiceSettings
        {
            StorageAccountClientProvider = storage.Provider,
            TaskHubName = hub.Name,
            WorkerId = worker,
            // Orchestrations only decide, so one owner serves many runs.
            PartitionCount = 1,
            UseTablePartitionManagement = true,
            LeaseInterval = lease,
            LeaseRenewInterval = lease / 3,
            LeaseAcquireInterval = lease / 3,
            // Both are renewed while work goes on.
            ControlQueueVisibilityTimeout = lease,
            WorkItemQueueVisibilityTimeout = lease,
            MaxQueuePollingInterval = TimeSpan.FromSeconds(Math.Min(2, lease.TotalSeconds / 15)),
            MaxConcurrentTaskActivityWorkItems = parallel,
            MaxConcurrentTaskOrchestrationWorkItems = 4,
            ThrowExceptionOnInvalidDedupeStatus = true,
            UseInstanceTableEtag = true,
            LoggerFactory = NullLoggerFactory.Instance,
        });
        await service.CreateIfNotExistsAsync();
        return service;
    }
}
