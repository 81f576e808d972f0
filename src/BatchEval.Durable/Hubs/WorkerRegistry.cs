using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Durable.Hubs;

/// <summary>Reads and writes the records of the workers of a store.</summary>
public sealed class WorkerRegistry(RunStore store, TimeProvider time)
{
    public Task SayAsync(WorkerRecord worker, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return store.ChangeJsonAsync<WorkerRecord>(BlobNames.Worker(worker.Id), _ => worker with { Seen = now }, cancellation);
    }

    public Task LeaveAsync(WorkerRecord worker, CancellationToken cancellation) => store.DeleteAsync(BlobNames.Worker(worker.Id), cancellation);

    /// <summary>The workers that have said something lately, sorted.</summary>
    public async Task<IReadOnlyList<WorkerRecord>> AliveAsync(CancellationToken cancellation)
    {
        var (found, now) = (new List<WorkerRecord>(), time.GetUtcNow());
        foreach (var (name, written) in await store.ListAsync(BlobNames.WorkerRoot, cancellation))
        {
            // By the storage's clock first: workers' clocks may differ, and old records need not be read.
            if (now - written < TimeSpan.FromHours(1) && await store.ReadJsonAsync<WorkerRecord>(name, cancellation) is { } worker && worker.IsAlive(now))
            {
                found.Add(worker);
            }
        }

        return found;
    }

    /// <summary>Unfinished runs that a worker cannot work on, each with the reason.</summary>
    public async Task<IReadOnlyList<(string Run, string Reason)>> RefusedAsync(WorkerRecord worker, CancellationToken cancellation)
    {
        var refused = new List<(string, string)>();
        foreach (var run in await store.ListRunsAsync(cancellation))
        {
            if (await RunHub.OfAsync(store, run, cancellation) is { } hub && hub.Refusal(worker) is { } reason
                && await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation) is { State: RunStates.Pending or RunStates.Running })
            {
                refused.Add((run, reason));
            }
        }

        return refused;
    }
}
