using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchEval.Functions.Tests.Replay;

/// <summary>An orchestration context that only knows a history: it records every action and answers from what has happened.</summary>
internal sealed class FakeOrchestrationContext(string instance, string inputJson, OrchestratorThread thread) : TaskOrchestrationContext
{
    private readonly List<string> actions = [];
    private readonly List<ScheduledActivity> activities = [];
    private readonly Dictionary<int, (Action<string> Complete, Action<Exception> Fail)> pending = [];
    private readonly Dictionary<string, Queue<Action<string>>> waiting = [];

    public IReadOnlyList<string> Actions => actions;

    public IReadOnlyList<ScheduledActivity> Activities => activities;

    public string? NextInput { get; private set; }

    public override TaskName Name => Orchestration.SearchOrchestration.Name;

    public override string InstanceId => instance;

    public override ParentOrchestrationInstance? Parent => null;

    public override DateTime CurrentUtcDateTime => throw Refuse();

    public override bool IsReplaying => false;

    protected override ILoggerFactory LoggerFactory => NullLoggerFactory.Instance;

    public override T? GetInput<T>()
        where T : default
    {
        thread.Require();
        return WorkerJson.Read<T>(inputJson);
    }

    public override Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        thread.Require();
        var source = new TaskCompletionSource<TResult>();
        var (id, json) = (activities.Count, WorkerJson.Write(input));
        activities.Add(new ScheduledActivity(id, name.Name, json, options?.Retry?.Policy));
        actions.Add($"activity {id} {name.Name} {json} tries={options?.Retry?.Policy?.MaxNumberOfAttempts}");
        pending[id] = (result => source.SetResult(WorkerJson.Read<TResult>(result)!), source.SetException);
        return source.Task;
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        thread.Require();
        actions.Add($"wait for {eventName}");
        var source = new TaskCompletionSource<T>();
        if (!waiting.TryGetValue(eventName, out var queue))
        {
            waiting[eventName] = queue = new Queue<Action<string>>();
        }

        queue.Enqueue(json => source.SetResult(WorkerJson.Read<T>(json)!));
        return source.Task;
    }

    public override void SetCustomStatus(object? customStatus)
    {
        thread.Require();
        var json = WorkerJson.Write(customStatus);
        (json.Length * sizeof(char)).ShouldBeLessThan(16 * 1024);
        actions.Add($"status {json}");
    }

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        thread.Require();
        preserveUnprocessedEvents.ShouldBeTrue();
        pending.ShouldBeEmpty("Results of pending tasks would be lost.");
        NextInput = WorkerJson.Write(newInput);
        actions.Add($"continue as new {NextInput}");
    }

    /// <summary>Lets something happen.</summary>
    public void Apply(HistoryEvent happened)
    {
        if (happened.EventName is { } name)
        {
            if (waiting.TryGetValue(name, out var queue) && queue.TryDequeue(out var complete))
            {
                complete(happened.Json!);
            }

            return;
        }

        pending.Remove(happened.TaskId, out var activity).ShouldBeTrue();
        if (happened.Failure is { } failure)
        {
            activity.Fail(Failed(happened.TaskId, failure));
        }
        else
        {
            activity.Complete(happened.Json!);
        }
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken) => throw Refuse();

    public override void SendEvent(string instanceId, string eventName, object payload) => throw Refuse();

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(TaskName orchestratorName, object? input = null, TaskOptions? options = null) => throw Refuse();

    public override Guid NewGuid() => throw Refuse();

    private TaskFailedException Failed(int id, TaskFailureDetails failure) => new(activities[id].Name, id, failure);

    private static NotSupportedException Refuse() => new("The search orchestrator has no use for this.");
}
