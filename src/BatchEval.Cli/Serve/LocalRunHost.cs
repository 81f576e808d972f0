using System.Collections.Concurrent;
using BatchEval.Cli.Storage;
using BatchEval.Http.Pipeline;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Control;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Telemetry;

namespace BatchEval.Cli.Serve;

/// <summary>
/// Runs submitted runs in the background, one after another. What it knows beyond the store is only the queue: whatever is unfinished
/// when the process ends is taken up again at the next start, except what was paused or stopped.
/// </summary>
/// <param name="parallelism">Units in flight.</param>
internal sealed class LocalRunHost(StoreAccess access, ModelHost models, int parallelism, Shell shell) : IRunControl, IAsyncDisposable
{
    private readonly RunStore store = access.Store;
    private readonly Lock gate = new();
    private readonly LinkedList<string> queue = new();

    // Specifications of the runs that are not finished: a local storage that dies may not have saved what it has taken.
    private readonly ConcurrentDictionary<string, byte[]> given = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim waiting = new(0);
    private readonly CancellationTokenSource closing = new();
    private RunInProgress? current;
    private Task loop = Task.CompletedTask;

    /// <summary>Queues every unfinished run of the store, the oldest first, and begins.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        await QueueUnfinishedAsync(cancellation);
        access.OnRestart(RestoreAsync);
        loop = Task.Run(LoopAsync, CancellationToken.None);
    }

    private async Task RestoreAsync(CancellationToken cancellation)
    {
        foreach (var (run, specification) in given)
        {
            await store.WriteOnceAsync(BlobNames.Specification(run), specification, cancellation);
        }

        await QueueUnfinishedAsync(cancellation);
    }

    private async Task QueueUnfinishedAsync(CancellationToken cancellation)
    {
        var unfinished = new List<RunStatus>();
        foreach (var run in await store.ListRunsAsync(cancellation))
        {
            if (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation) is { State: RunStates.Pending or RunStates.Running } status)
            {
                unfinished.Add(status);
            }
        }

        foreach (var status in unfinished.Where(s => !IsUnderWay(s.RunId)).OrderBy(s => s.Started).ThenBy(s => s.RunId, StringComparer.Ordinal))
        {
            if (await ReasonAgainstAsync(status.RunId, cancellation) is { } reason)
            {
                shell.Error.WriteLine($"Run {status.RunId} is not finished, and is left alone: {reason}");
                continue;
            }

            shell.Error.WriteLine($"Run {status.RunId} was not finished; it goes on.");
            await EnqueueAsync(status.RunId, cancellation);
        }
    }

    public async Task StartAsync(string runId, CancellationToken cancellation)
    {
        if (!IsUnderWay(runId))
        {
            if (await ReasonAgainstAsync(runId, cancellation) is { } reason)
            {
                throw Refusal.Conflict($"Run '{runId}' is not computed here: {reason}").Exception();
            }

            await RunStatusFile.MarkAsync(store, runId, RunStates.Pending, null, shell.Time, cancellation: cancellation);
            await EnqueueAsync(runId, cancellation);
        }
    }

    public Task ResumeAsync(string runId, CancellationToken cancellation) => StartAsync(runId, cancellation);

    public async Task PauseAsync(string runId, CancellationToken cancellation)
    {
        await RequireOwnAsync(runId, cancellation);
        var left = await LeaveAsync(runId, cancellation);
        if (await OthersAsync(runId, cancellation) is { Length: > 0 } others)
        {
            throw Refusal.Conflict($"Run '{runId}' is computed by {others}; pause it there (Ctrl-C), or stop it.{(left ? " This server has left it." : string.Empty)}").Exception();
        }

        await MarkUnfinishedAsync(runId, RunStates.Paused, cancellation);
    }

    public async Task StopAsync(string runId, CancellationToken cancellation)
    {
        await RequireOwnAsync(runId, cancellation);
        await LeaveAsync(runId, cancellation);
        await MarkUnfinishedAsync(runId, RunStates.Stopped, cancellation);
    }

    public async Task<bool> ForgetAsync(string runId, CancellationToken cancellation)
    {
        await RequireOwnAsync(runId, cancellation);
        if (await OthersAsync(runId, cancellation) is { Length: > 0 } others)
        {
            throw Refusal.Conflict($"Run '{runId}' is still computed by {others}; delete it once that has ended.").Exception();
        }

        given.TryRemove(runId, out _);
        return true;
    }

    public Task<RunLife?> LookAsync(string runId, CancellationToken cancellation)
    {
        lock (gate)
        {
            var life = current is { } now && now.Run == runId ? new RunLife(now.Held ? null : RunStates.Running, now.Round, now.UnitsDone)
                : queue.Contains(runId) ? new RunLife(RunStates.Pending) : null;
            return Task.FromResult(life);
        }
    }

    public IReadOnlyDictionary<string, string> ManagementOf(string runId) => new Dictionary<string, string>();

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await loop;
        closing.Dispose();
        waiting.Dispose();
    }

    // Runs of workers are their engine's: an order that does not reach it would leave it waiting.
    private async Task RequireOwnAsync(string runId, CancellationToken cancellation)
    {
        if (await store.ExistsAsync(BlobNames.Hub(runId), cancellation))
        {
            throw Refusal.Conflict($"Run '{runId}' {OfWorkers(runId)}").Exception();
        }
    }

    private static string OfWorkers(string runId) => $"was submitted to the workers of this store; 'batcheval control {runId} <order> --on <connection>' reaches them, with the order pause, resume, stop or delete.";

    private async Task<string?> ReasonAgainstAsync(string runId, CancellationToken cancellation)
    {
        if (await store.ExistsAsync(BlobNames.Hub(runId), cancellation))
        {
            return $"it {OfWorkers(runId)}";
        }

        try
        {
            await ModelRecord.RequireDeviceAsync(store, runId, models.Device.Device, cancellation);
            models.Find((await StoredSpecification.ReadAsync(store, runId, cancellation)).Model);
            return null;
        }
#pragma warning disable CA1031 // A run that cannot be taken up keeps no other from it.
        catch (Exception error) when (error is not OperationCanceledException && !StorageFaults.Is(error))
#pragma warning restore CA1031
        {
            return ErrorText.Of(error);
        }
    }

    private async Task<string> OthersAsync(string runId, CancellationToken cancellation) =>
        string.Join(" and ", (await store.OthersAsync(runId, cancellation)).Select(o => o.Name));

    private bool IsUnderWay(string runId)
    {
        lock (gate)
        {
            return queue.Contains(runId) || (current is { Held: false } now && now.Run == runId);
        }
    }

    private async Task EnqueueAsync(string runId, CancellationToken cancellation)
    {
        if (await store.ReadAsync(BlobNames.Specification(runId), cancellation) is { } specification)
        {
            given[runId] = specification;
        }

        lock (gate)
        {
            if (queue.Contains(runId))
            {
                return;
            }

            queue.AddLast(runId);
        }

        waiting.Release();
    }

    // Ends this process's part: true where there was one. A state is written after the last activity has ended, so that none overwrites it.
    private async Task<bool> LeaveAsync(string runId, CancellationToken cancellation)
    {
        Task? ended;
        bool queued;
        lock (gate)
        {
            queued = queue.Remove(runId);
            ended = current is { } now && now.Run == runId ? now.HoldAsync() : null;
        }

        await (ended ?? Task.CompletedTask).WaitAsync(cancellation);
        return queued || ended is not null;
    }

    private async Task MarkUnfinishedAsync(string runId, string state, CancellationToken cancellation)
    {
        var status = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(runId), cancellation);
        if (status?.State != RunStates.Finished)
        {
            await RunStatusFile.MarkAsync(store, runId, state, null, shell.Time, cancellation: cancellation);
        }
    }

    private async Task LoopAsync()
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                await waiting.WaitAsync(closing.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (Take() is { } run)
            {
                await ExecuteAsync(run);
                lock (gate)
                {
                    current = null;
                }

                run.End();
            }
        }
    }

    private RunInProgress? Take()
    {
        lock (gate)
        {
            if (queue.First is not { } first)
            {
                return null;
            }

            queue.RemoveFirst();
            return current = new RunInProgress(first.Value, closing.Token);
        }
    }

    private async Task ExecuteAsync(RunInProgress run)
    {
        using var summary = new TelemetrySummary(shell.Time, parallelism);
        try
        {
            shell.Error.WriteLine($"Run {run.Run} begins.");
            var finished = await access.ResumingAsync(interrupted => ComputeAsync(run, interrupted), run.Token);
            given.TryRemove(run.Run, out _);
            shell.Error.WriteLine($"Run {run.Run} {(finished ? "has finished" : "was stopped")}: {summary.Text()}.");
        }
        catch (OperationCanceledException) when (run.Token.IsCancellationRequested)
        {
            shell.Error.WriteLine($"Run {run.Run} is held: {summary.Text()}.");
        }
#pragma warning disable CA1031 // Whatever ends a run is recorded with it; the next one must not suffer.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Application.Log(error, shell.Error);
            await TryMarkFailedAsync(run.Run, ErrorText.Of(error));
        }
    }

    private async Task<bool> ComputeAsync(RunInProgress run, CancellationToken cancellation)
    {
        await RunStatusFile.MarkAsync(store, run.Run, RunStates.Running, null, shell.Time, cancellation: cancellation);
        return await new LocalRunner(store, models, parallelism, shell.Time, run, cancellation) { Retrying = line => shell.Error.WriteLine($"Run {run.Run}: {line}") }.RunAsync(run.Run);
    }

    private async Task TryMarkFailedAsync(string run, string reason)
    {
        try
        {
            if (await OthersAsync(run, CancellationToken.None) is { Length: > 0 } others)
            {
                shell.Error.WriteLine($"Run {run} goes on in {others}.");
                return;
            }

            await RunStatusFile.MarkAsync(store, run, RunStates.Failed, reason, shell.Time);
        }
        catch (Exception problem) when (StorageFaults.Is(problem) || problem is IOException)
        {
            shell.Error.WriteLine($"The failure of run {run} could not be recorded: {ErrorText.Of(problem)}");
        }
    }
}
