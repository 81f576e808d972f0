using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Runs;
using Microsoft.DurableTask;

namespace BatchEval.Durable.Orchestration;

/// <summary>
/// One orchestration per run, one round per execution: the history stays as short as a round, and all state lies in the store, so that a
/// lost hub loses nothing but time. Deterministic: everything that could differ in a replay happens in activities.
/// </summary>
public sealed class SearchOrchestration : TaskOrchestrator<SearchInput, string?>
{
    public const string Name = "Search";

    /// <summary>Name of the activity that records how a run ended.</summary>
    public const string Record = "Record";

    /// <summary>Event that ends a run before its time.</summary>
    public const string StopEvent = "stop";

    /// <summary>Event that a paused run goes on.</summary>
    public const string ResumeEvent = "resume";

    /// <summary>The one instance that a run has; starting twice starts once.</summary>
    public static string InstanceOf(string runId) => $"eval-{runId}";

    /// <summary>Runs one round, or finds the first one, and then goes on as new.</summary>
    /// <returns>The state in which the run ended, or null where another execution follows.</returns>
    public override async Task<string?> RunAsync(TaskOrchestrationContext context, SearchInput input)
    {
        var stop = context.WaitForExternalEvent<string>(StopEvent);
        RunPosition? position;
        try
        {
            position = await StepAsync(new DurableActivityCaller(context, stop, input.UnitsInFlight), input);
        }
        catch (TaskFailedException failure) when (!stop.IsCompleted)
        {
            await RecordAsync(context, input.RunId, RunStates.Failed, failure.FailureDetails.ErrorMessage);
            throw;
        }
        catch (TaskFailedException)
        {
            // What failed while the run was being stopped is tried again when it goes on.
            position = null;
        }

        if (position is { Finished: true })
        {
            return RunStates.Finished;
        }

        // Looked at last: an event that this execution has taken in does not reach the next one.
        if (position is null || stop.IsCompleted)
        {
            await RecordAsync(context, input.RunId, RunStates.Stopped, null);
            return RunStates.Stopped;
        }

        context.ContinueAsNew(input with { Round = position.Round });
        return null;
    }

    private static async Task<RunPosition?> StepAsync(DurableActivityCaller activities, SearchInput input) => input.Round is { } round
        ? await SearchWorkflow.RunRoundAsync(activities, input.RunId, round)
        : await activities.CallAsync<RunPosition>(ActivityNames.Prepare, new PrepareInput(input.RunId));

    private static Task<string> RecordAsync(TaskOrchestrationContext context, string runId, string state, string? error) =>
        context.CallActivityAsync<string>(Record, new RecordInput(runId, state, error), RetryRules.Store);
}
