using Azure;
using BatchEval.Durable.Activities;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;

namespace BatchEval.Durable.Hubs;

/// <summary>A worker process: joins the hub of each of its models, says that it is there, and names the runs that it cannot work on.</summary>
public sealed class WorkerHost : IAsyncDisposable
{
    private readonly List<(HubWorker Worker, ModelHost Models)> joined = [];
    private readonly HashSet<string> named = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim gate;
    private readonly RunStore store;
    private readonly WorkerRegistry registry;
    private readonly TimeProvider time;
    private readonly Action<string> say;

    /// <param name="parallel">Units computed side by side.</param>
    /// <param name="say">Takes lines for people.</param>
    public WorkerHost(RunStore store, DeviceOptions device, IReadOnlyList<ModelPackage> packages, int parallel, TimeProvider time, Action<string> say)
    {
        (this.store, this.time, this.say, Packages, Device, Parallel) = (store, time, say, packages, device, parallel);
        (gate, registry) = (new SemaphoreSlim(parallel), new WorkerRegistry(store, time));
        var now = time.GetUtcNow();
        Record = new WorkerRecord(
            $"{Environment.MachineName.ToLowerInvariant()}-{Environment.ProcessId}", Shard.CodeVersion, device.Kind,
            [.. packages.Select(p => new WorkerModel(p.Manifest.Name, p.Digest))], now, now);
    }

    /// <summary>What it says about itself.</summary>
    public WorkerRecord Record { get; }

    private IReadOnlyList<ModelPackage> Packages { get; }

    private DeviceOptions Device { get; }

    private int Parallel { get; }

    /// <summary>Joins the hubs.</summary>
    /// <param name="storage">The account of the store.</param>
    /// <param name="lease">How long work is kept for a worker that has ended without giving it back.</param>
    public async Task JoinAsync(StorageServices storage, TimeSpan lease, CancellationToken cancellation)
    {
        var options = new HubWorkerOptions(Record.Id, Parallel, lease, gate, Computed);
        foreach (var package in Packages)
        {
            cancellation.ThrowIfCancellationRequested();
            var models = new ModelHost(Device, package);
            var activities = new SearchActivities(_ => Task.FromResult(store), models, time);
            var hub = RunHub.Here(Device.Device, package.Manifest.Name, package.Digest);
            joined.Add((await HubWorker.JoinAsync(storage, hub, activities, options), models));
        }

        await registry.SayAsync(Record, cancellation);
    }

    /// <summary>Works until it is cancelled.</summary>
    public async Task WorkAsync(CancellationToken cancellation)
    {
        var silent = false;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await registry.SayAsync(Record, cancellation);
                await NameRefusedAsync(cancellation);
                if (silent)
                {
                    say("The storage answers again.");
                }

                silent = false;
                await Task.Delay(WorkerRecord.Interval, time, cancellation);
            }
            catch (Exception error) when (StorageFaults.Is(error) && !cancellation.IsCancellationRequested)
            {
                if (!silent)
                {
                    say($"The storage does not answer ({(error is RequestFailedException { Status: > 0 } answer ? $"status {answer.Status}" : "no connection")}); the worker waits for it.");
                }

                silent = true;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // The usual end.
            }
        }
    }

    /// <summary>Leaves every hub; what is being computed is handed back.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(joined.Select(hub => hub.Worker.DisposeAsync().AsTask()));
        joined.ForEach(hub => hub.Models.Dispose());

        try
        {
            await registry.LeaveAsync(Record, CancellationToken.None);
        }
        catch (Exception error) when (StorageFaults.Is(error))
        {
            // Its record grows old instead.
        }

        gate.Dispose();
    }

    private async Task NameRefusedAsync(CancellationToken cancellation)
    {
        foreach (var (run, reason) in await registry.RefusedAsync(Record, cancellation))
        {
            if (named.Add($"{run} {reason}"))
            {
                say($"Run {run} is left to others: this worker {reason}.");
            }
        }
    }

    private void Computed(UnitInput unit, UnitOutcome outcome)
    {
        if (outcome.Computed > 0)
        {
            say($"Run {unit.RunId}: round {unit.Round}, unit {unit.Unit + 1}: {outcome.Computed} results computed{(outcome.Found == 0 ? string.Empty : $", {outcome.Found} found")}.");
        }
    }
}
