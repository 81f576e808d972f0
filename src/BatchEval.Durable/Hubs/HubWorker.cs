using System.Diagnostics;
using BatchEval.Durable.Activities;
using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Serialization;
using BatchEval.Workflow.Activities;
using DurableTask.AzureStorage;
using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.Middleware;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.Shims;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchEval.Durable.Hubs;

/// <summary>What a worker needs to know beside its hub.</summary>
/// <param name="Id">Its name, different from every other worker's.</param>
/// <param name="Parallel">Units computed side by side.</param>
/// <param name="Lease">How long work is kept for a worker that has ended without giving it back.</param>
/// <param name="Gate">Lets <paramref name="Parallel"/> units through at once; shared by the hubs of a process.</param>
/// <param name="Computed">Told about every unit that was computed.</param>
public sealed record HubWorkerOptions(string Id, int Parallel, TimeSpan Lease, SemaphoreSlim Gate, Action<UnitInput, UnitOutcome>? Computed = null);

/// <summary>Runs orchestrator and activities of one hub, without a Functions host.</summary>
public sealed class HubWorker : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource leaving = new();
    private readonly AzureStorageOrchestrationService service;
    private readonly TaskHubWorker worker;
    private int inFlight;

    private HubWorker(AzureStorageOrchestrationService service, SearchActivities activities, HubWorkerOptions options)
    {
        this.service = service;
        var factory = new DurableTaskShimFactory(new DurableTaskWorkerOptions { DataConverter = DurableJson.Converter }, NullLoggerFactory.Instance);
        worker = new TaskHubWorker(service, NullLoggerFactory.Instance) { ErrorPropagationMode = ErrorPropagationMode.UseFailureDetails };
        worker.AddTaskOrchestrations(new Creator<TaskOrchestration>(SearchOrchestration.Name, () => factory.CreateOrchestration(SearchOrchestration.Name, new SearchOrchestration(), null)));
        activities.Register(new Registrar(worker, factory, options, leaving.Token));
        worker.AddActivityDispatcherMiddleware(HandBackAsync);
    }

    public static async Task<HubWorker> JoinAsync(StorageServices storage, RunHub hub, SearchActivities activities, HubWorkerOptions options)
    {
        var joined = new HubWorker(await HubService.OpenAsync(storage, hub, options.Id, options.Parallel, options.Lease), activities, options);
        await joined.worker.StartAsync();
        return joined;
    }

    /// <summary>Leaves: what is being computed is handed back to the hub at once, for others to take. Takes 20 seconds at most.</summary>
    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        // An unforced stop would wait for the polls of empty queues too, for up to half a minute.
        for (var clock = Stopwatch.StartNew(); Volatile.Read(ref inFlight) > 0 && clock.Elapsed < Patience;)
        {
            await Task.Delay(50);
        }

        // The engine gives the orchestrations back for up to ten minutes where the storage is slow or gone; what it has not given back by
        // then is missed after the lease, like that of a worker that was killed.
        var stopped = worker.StopAsync(isForced: true);
        if (await Task.WhenAny(stopped, Task.Delay(Patience)) == stopped)
        {
            await stopped;
            worker.Dispose();
            service.Dispose();
        }

        leaving.Dispose();
    }

    // A failure of a worker on its way out is none of the run's.
    private async Task HandBackAsync(DispatchMiddlewareContext context, Func<Task> next)
    {
        Interlocked.Increment(ref inFlight);
        try
        {
            await next();
        }
        catch (TaskFailureException error) when (leaving.IsCancellationRequested)
        {
            throw new SessionAbortedException("The worker leaves.", error);
        }
        finally
        {
            Interlocked.Decrement(ref inFlight);
        }
    }

    private sealed class Creator<T> : ObjectCreator<T>
    {
        private readonly Func<T> create;

        public Creator(string name, Func<T> create) => (Name, Version, this.create) = (name, string.Empty, create);

        public override T Create() => create();
    }

    private sealed class Registrar(TaskHubWorker worker, DurableTaskShimFactory factory, HubWorkerOptions options, CancellationToken leaving) : IActivityRegistrar
    {
        public void Add<TInput, TOutput>(string name, Func<TInput, CancellationToken, Task<TOutput>> activity) =>
            worker.AddTaskActivities(new Creator<TaskActivity>(name, () => factory.CreateActivity<TInput, TOutput>(name, (_, input) => RunAsync(activity, input!))));

        private async Task<TOutput?> RunAsync<TInput, TOutput>(Func<TInput, CancellationToken, Task<TOutput>> activity, TInput input)
        {
            if (input is not UnitInput unit)
            {
                return await activity(input, leaving);
            }

            await options.Gate.WaitAsync(leaving);
            try
            {
                var output = await activity(input, leaving);
                options.Computed?.Invoke(unit, (UnitOutcome)(object)output!);
                return output;
            }
            finally
            {
                options.Gate.Release();
            }
        }
    }
}
