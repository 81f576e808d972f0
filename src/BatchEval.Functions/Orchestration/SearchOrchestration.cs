using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace BatchEval.Functions.Orchestration;

/// <summary>
/// One orchestration per run, one round per execution: the history stays as short as a round, and all state lies in the store, so that a
/// lost hub loses nothing but time. Deterministic: everything that could differ in a replay happens in activities.
/// </summary>
public static class SearchOrchestration
{
    /// <summary>Name of the orchestrator.</summary>
    public const string Name = "Search";

    /// <summary>Name of the activity that records how a run ended.</summary>
    public const string Record = "Record";

    /// <summary>Event that ends a run before its time.</summary>
    public const string StopEvent = "stop";

    /// <summary>The one instance that a run has; starting twice starts once.</summary>
    public static string InstanceOf(string runId) => $"eval-{runId}";

    /// <summary>Runs one round, or finds the first one, and then goes on as new.</summary>
    /// <returns>The state in which the run ended, or null where another execution follows.</returns>
    [Function(Name)]
    public static async Task<string?> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var input = context.GetInput<SearchInput>() ?? throw new ArgumentException("The orchestration was started without an input.", nameof(context));
        var stop = context.WaitForExternalEvent<string>(StopEvent);
        var step = StepAsync(new DurableActivityCaller(context, input.UnitsInFlight), input);
        if (await Task.WhenAny(step, stop) == stop)
        {
            // Units in flight end unobserved; what they compute stays for a later run.
            return await EndAsync(context, input.RunId, "stopped", null);
        }

        RunPosition position;
        try
        {
            position = await step;
        }
        catch (TaskFailedException failure)
        {
            await EndAsync(context, input.RunId, "failed", failure.FailureDetails.ErrorMessage);
            throw;
        }

        if (position.Finished)
        {
            return "finished";
        }

        context.ContinueAsNew(input with { Round = position.Round });
        return null;
    }

    private static Task<RunPosition> StepAsync(DurableActivityCaller activities, SearchInput input) => input.Round is { } round
        ? SearchWorkflow.RunRoundAsync(activities, input.RunId, round)
        : activities.CallAsync<RunPosition>(ActivityNames.Prepare, new PrepareInput(input.RunId));

    private static async Task<string?> EndAsync(TaskOrchestrationContext context, string runId, string state, string? error)
    {
        await context.CallActivityAsync<string>(Record, new RecordInput(runId, state, error), RetryRules.Store);
        return state;
    }
}
