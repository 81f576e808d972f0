using System.Runtime.ExceptionServices;
using BatchEval.Workflow.Activities;

namespace BatchEval.Workflow.Local;

/// <summary>Calls activities by name; implemented by the Durable orchestrator and by the local runner.</summary>
public interface IActivityCaller
{
    /// <summary>Most units in flight at once.</summary>
    int MaxUnitsInFlight { get; }

    /// <summary>Calls an activity, with whatever retries the shell provides.</summary>
    Task<TResult> CallAsync<TResult>(string activity, object input);

    /// <summary>Tells how a round goes on; must not change the course of the workflow.</summary>
    void Report(RoundProgress progress);
}

/// <summary>How far a round is.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Round">The round.</param>
/// <param name="Outline">What it consists of.</param>
/// <param name="UnitsDone">Units finished.</param>
public sealed record RoundProgress(string RunId, int Round, RoundOutline Outline, int UnitsDone);

/// <summary>
/// The one definition of the loop: plan, evaluate the units in a bounded window, advance. Deterministic, so that a Durable orchestrator
/// can replay it: no clock, no randomness, no I/O, and no continuation off the caller's context.
/// </summary>
public static class SearchWorkflow
{
    /// <summary>Runs one round.</summary>
    /// <returns>Where the run stands afterwards.</returns>
    public static async Task<RunPosition> RunRoundAsync(IActivityCaller activities, string runId, int round)
    {
        ArgumentNullException.ThrowIfNull(activities);
        var input = new RoundInput(runId, round);
        var outline = await activities.CallAsync<RoundOutline>(ActivityNames.Plan, input);
        activities.Report(new RoundProgress(runId, round, outline, 0));
        await EvaluateUnitsAsync(activities, runId, round, outline);
        return await activities.CallAsync<RunPosition>(ActivityNames.Advance, input);
    }

    /// <summary>Runs a whole run, from where it stands.</summary>
    public static async Task RunAsync(IActivityCaller activities, string runId)
    {
        ArgumentNullException.ThrowIfNull(activities);
        var position = await activities.CallAsync<RunPosition>(ActivityNames.Prepare, new PrepareInput(runId));
        while (!position.Finished)
        {
            position = await RunRoundAsync(activities, runId, position.Round);
        }
    }

    // After a failure nothing new is started, and what is in flight is waited for before the failure goes on.
    private static async Task EvaluateUnitsAsync(IActivityCaller activities, string runId, int round, RoundOutline outline)
    {
        var running = new List<Task<UnitOutcome>>();
        var (next, done) = (0, 0);
        Exception? failure = null;
        while (running.Count > 0 || (next < outline.Units && failure is null))
        {
            if (next < outline.Units && running.Count < activities.MaxUnitsInFlight && failure is null)
            {
                running.Add(activities.CallAsync<UnitOutcome>(ActivityNames.Evaluate, new UnitInput(runId, round, next++)));
                continue;
            }

            var first = await Task.WhenAny(running);
            running.Remove(first);
            try
            {
                await first;
                activities.Report(new RoundProgress(runId, round, outline, ++done));
            }
            catch (Exception error)
            {
                failure ??= error;
            }
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }
}
