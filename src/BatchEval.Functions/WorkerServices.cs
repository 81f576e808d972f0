using BatchEval.Durable.Activities;
using BatchEval.Http.Control;
using BatchEval.Onnx.Runtime;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;
using Microsoft.Extensions.Configuration;

namespace BatchEval.Functions;

/// <summary>What all functions of the process share. Nothing is opened before it is needed: the host gives a worker one minute to start.</summary>
public sealed class WorkerServices : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly Func<CancellationToken, Task<RunStore>> open;
    private volatile RunStore? store;

    public WorkerServices(WorkerSettings settings, TimeProvider time)
        : this(settings, time, cancellation => RunStore.OpenAsync(settings.Store, cancellation))
    {
    }

    /// <summary>Creates services on a store of the caller's.</summary>
    public WorkerServices(WorkerSettings settings, TimeProvider time, Func<CancellationToken, Task<RunStore>> open)
    {
        (Settings, Time, this.open) = (settings, time, open);
        Catalog = new ModelCatalog(settings.ModelRoots);
        Models = new ModelHost(new DeviceOptions(settings.Device), Catalog.Roots);
        Activities = new SearchActivities(StoreAsync, Models, time);
    }

    public WorkerSettings Settings { get; }

    /// <summary>Clock of activities and triggers; orchestrators have none.</summary>
    public TimeProvider Time { get; }

    /// <summary>Model packages that requests may name.</summary>
    public ModelCatalog Catalog { get; }

    /// <summary>Open model packages: one session per network and process.</summary>
    public ModelHost Models { get; }

    /// <summary>What the activity triggers do.</summary>
    public SearchActivities Activities { get; }

    /// <summary>The store, opened once; a failure is not remembered.</summary>
    public async Task<RunStore> StoreAsync(CancellationToken cancellation)
    {
        if (store is { } ready)
        {
            return ready;
        }

        await gate.WaitAsync(cancellation);
        try
        {
            return store ??= await open(cancellation);
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose()
    {
        Models.Dispose();
        gate.Dispose();
    }
}

/// <summary>Settings of the app; infra/ sets the same names.</summary>
/// <param name="Store">Blob service address (identity) or, locally, a connection string.</param>
/// <param name="ModelRoots">Folders of model packages.</param>
/// <param name="UnitsInFlight">Most units of a run in flight at once.</param>
public sealed record WorkerSettings(string Store, IReadOnlyList<string> ModelRoots, string Device, int UnitsInFlight, DevicePrice? Price)
{
    public const string StoreName = "BATCHEVAL_STORE";

    /// <summary>Setting with the model folders, separated by semicolons.</summary>
    public const string ModelsName = "BATCHEVAL_MODELS";

    public const string DeviceName = "BATCHEVAL_DEVICE";

    /// <summary>Setting with the number of units in flight.</summary>
    public const string UnitsName = "BATCHEVAL_UNITS_IN_FLIGHT";

    /// <summary>Setting with the price of one hour of device time, for example <c>1.35 USD</c>.</summary>
    public const string PriceName = "BATCHEVAL_PRICE_PER_HOUR";

    public static WorkerSettings Read(IConfiguration configuration)
    {
        var models = (configuration[ModelsName] ?? "samples").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var units = int.TryParse(configuration[UnitsName], out var count) ? Math.Clamp(count, 1, 1000) : 4;
        return new WorkerSettings(
            configuration[StoreName] ?? configuration["AzureWebJobsStorage"] ?? "UseDevelopmentStorage=true",
            models, configuration[DeviceName] ?? "cpu", units, DevicePrice.Parse(configuration[PriceName]));
    }
}
