using BatchEval.Functions.Activities;
using BatchEval.Functions.Orchestration;
using BatchEval.Workflow.Activities;
using Microsoft.DurableTask;

namespace BatchEval.Functions.Tests.Replay;

/// <summary>
/// A small Durable engine: runs the orchestrator against a history that grows event by event, and replays it from the beginning after
/// every one of them, as a hub does whose worker dies after every event. Every replay must repeat all actions so far, to the letter.
/// </summary>
/// <param name="activities">The real activities.</param>
internal sealed class DurableEngine(SearchActivities activities)
{
    /// <summary>Executes every activity twice, concurrently.</summary>
    public bool Twice { get; init; }

    /// <summary>Chooses which pending activity ends next; default: the first.</summary>
    public Func<int, int> Choose { get; init; } = _ => 0;

    /// <summary>Called before an event is looked for; may raise an external event.</summary>
    public Func<int, HistoryEvent?> Interrupt { get; init; } = _ => null;

    /// <summary>Executions so far.</summary>
    public int Executions { get; private set; }

    /// <summary>Replays so far.</summary>
    public int Replays { get; private set; }

    /// <summary>Actions of all executions.</summary>
    public List<string> Actions { get; } = [];

    /// <summary>Runs an orchestration to its end.</summary>
    /// <returns>What the last execution did.</returns>
    public async Task<ReplayOutcome> RunAsync(string runId, int unitsInFlight = 3)
    {
        var input = WorkerJson.Write(new SearchInput(runId, null, unitsInFlight));
        while (true)
        {
            Executions++;
            var outcome = await ExecuteAsync(SearchOrchestration.InstanceOf(runId), input);
            Actions.AddRange(outcome.Actions);
            if (outcome.NextInput is not { } next)
            {
                return outcome;
            }

            input = next;
        }
    }

    private async Task<ReplayOutcome> ExecuteAsync(string instance, string input)
    {
        var history = new List<HistoryEvent>();
        var ended = new HashSet<int>();
        var before = Replay(instance, input, history);
        while (!before.Completed)
        {
            var waiting = before.Activities.Where(a => !ended.Contains(a.TaskId)).ToList();
            var happened = Interrupt(Actions.Count + before.Actions.Count) ?? await EndOneAsync(waiting);
            ended.Add(happened.TaskId);
            history.Add(happened);
            var after = Replay(instance, input, history);
            after.Actions.Take(before.Actions.Count).ShouldBe(before.Actions, "A replay must repeat what was done.");
            before = after;
        }

        return before;
    }

    private async Task<HistoryEvent> EndOneAsync(List<ScheduledActivity> waiting)
    {
        waiting.ShouldNotBeEmpty("The orchestrator waits for nothing that could happen.");
        var activity = waiting[Choose(waiting.Count)];
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (!Twice)
                {
                    return new HistoryEvent(activity.TaskId, null, await PerformAsync(activity));
                }

                var both = await Task.WhenAll(PerformAsync(activity), PerformAsync(activity));
                return new HistoryEvent(activity.TaskId, null, both[0]);
            }
            catch (Exception error) when (error is not CrashException)
            {
                var failure = TaskFailureDetails.FromException(error);
                if (attempt >= (activity.Policy?.MaxNumberOfAttempts ?? 1) || !RetryRules.MayPass(failure))
                {
                    return new HistoryEvent(activity.TaskId, null, null, failure);
                }
            }
        }
    }

    private Task<string> PerformAsync(ScheduledActivity activity) => Task.Run(async () => WorkerJson.Write((object)(activity.Name switch
    {
        ActivityNames.Prepare => await activities.PrepareAsync(WorkerJson.Read<PrepareInput>(activity.Json)!, default),
        ActivityNames.Plan => await activities.PlanAsync(WorkerJson.Read<RoundInput>(activity.Json)!, default),
        ActivityNames.Evaluate => await activities.EvaluateAsync(WorkerJson.Read<UnitInput>(activity.Json)!, default),
        ActivityNames.Advance => await activities.AdvanceAsync(WorkerJson.Read<RoundInput>(activity.Json)!, default),
        SearchOrchestration.Record => await activities.RecordAsync(WorkerJson.Read<RecordInput>(activity.Json)!, default),
        _ => throw new ArgumentException($"There is no activity '{activity.Name}'."),
    })));

    private ReplayOutcome Replay(string instance, string input, List<HistoryEvent> history)
    {
        Replays++;
        var thread = new OrchestratorThread();
        var context = new FakeOrchestrationContext(instance, input, thread);
        Task<string?> orchestration = null!;
        thread.Run(() => orchestration = SearchOrchestration.RunAsync(context));
        foreach (var happened in history)
        {
            orchestration.IsCompleted.ShouldBeFalse("The orchestrator ended before its history did.");
            thread.Run(() => context.Apply(happened));
        }

        return new ReplayOutcome(
            [.. context.Actions], context.Activities, orchestration.IsCompleted, context.NextInput,
            orchestration.IsCompletedSuccessfully ? orchestration.Result : null, orchestration.Exception?.InnerException);
    }
}

/// <summary>The process dies here; nothing handles it.</summary>
internal sealed class CrashException() : Exception("The process dies.");
