using System.Runtime.ExceptionServices;
using BatchEval.Workflow.Activities;

namespace BatchEval.Workflow.Local;

/// <summary>Calls activities by name; implemented by the Durable orchestrator and by the local runner.</summary>
public interface IActivityCaller
{
    /// <summary>Most units in flight at once.</summary>
    int MaxUnitsInFlight { get; }

    /// <summary>Whether the run has been told to stop: nothing new is begun then, and what is in flight is waited for.</summary>
    bool IsStopping { get; }

    /// <summary>Calls an activity, with whatever retries the shell provides.</summary>
    Task<TResult> CallAsync<TResult>(string activity, object input);

    /// <summary>Tells how a round goes on; must not change the course of the workflow.</summary>
    void Report(RoundProgress progress);
}

/// <summary>How far a round is.</summary>
/// <param name="UnitsDone">Units finished.</param>
/// <param name="Elsewhere">Another process that computes a unit of the round, or null.</param>
public sealed record RoundProgress(string RunId, int Round, RoundOutline Outline, int UnitsDone, string? Elsewhere = null);

/// <summary>
/// The one definition of the loop: plan, evaluate the units in a bounded window, advance. Deterministic, so that a Durable orchestrator
/// can replay it: no clock, no randomness, no I/O, and no continuation off the caller's context. It never returns while an activity is
/// in flight: a Durable orchestration ends only when none is, and what an abandoned step did would come after the end was recorded.
/// </summary>
public static class SearchWorkflow
{
    /// <summary>Runs one round.</summary>
    /// <returns>Where the run stands afterwards, or null when it was stopped before the round was done.</returns>
    public static async Task<RunPosition?> RunRoundAsync(IActivityCaller activities, string runId, int round)
    {
        if (activities.IsStopping)
        {
            return null;
        }

        var input = new RoundInput(runId, round);
        var outline = await activities.CallAsync<RoundOutline>(ActivityNames.Plan, input);
        activities.Report(new RoundProgress(runId, round, outline, 0));
        return await EvaluateUnitsAsync(activities, runId, round, outline) ? await activities.CallAsync<RunPosition>(ActivityNames.Advance, input) : null;
    }

    /// <summary>Runs a whole run, from where it stands.</summary>
    /// <returns>False when it was stopped before its end.</returns>
    public static async Task<bool> RunAsync(IActivityCaller activities, string runId)
    {
        var position = await activities.CallAsync<RunPosition?>(ActivityNames.Prepare, new PrepareInput(runId));
        while (position is { Finished: false })
        {
            position = await RunRoundAsync(activities, runId, position.Round);
        }

        return position is not null;
    }

    // After a failure or a stop nothing new is started, and what is in flight is waited for before either goes on. A unit that another
    // process computes is asked for again when all others have been begun.
    private static async Task<bool> EvaluateUnitsAsync(IActivityCaller activities, string runId, int round, RoundOutline outline)
    {
        var waiting = new Queue<UnitInput>(Enumerable.Range(0, outline.Units).Select(unit => new UnitInput(runId, round, unit)));
        var running = new List<(UnitInput Unit, Task<UnitOutcome> Work)>();
        var (done, stopped) = (0, false);
        Exception? failure = null;
        while (running.Count > 0 || (waiting.Count > 0 && GoesOn()))
        {
            if (waiting.Count > 0 && running.Count < activities.MaxUnitsInFlight && GoesOn())
            {
                var unit = waiting.Dequeue();
                running.Add((unit, activities.CallAsync<UnitOutcome>(ActivityNames.Evaluate, unit)));
                continue;
            }

            var ended = await Task.WhenAny(running.Select(r => r.Work));
            var first = running.First(r => r.Work == ended);
            running.Remove(first);
            try
            {
                var outcome = await ended;
                stopped |= outcome.Stopped;
                if (outcome.ClaimedBy is { } other)
                {
                    waiting.Enqueue(first.Unit with { Patient = true });
                    activities.Report(new RoundProgress(runId, round, outline, done, other));
                }
                else
                {
                    activities.Report(new RoundProgress(runId, round, outline, ++done));
                }
            }
            catch (Exception error)
            {
                failure ??= error;
            }
        }

        if (failure is not null && !stopped && !activities.IsStopping)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return GoesOn();

        bool GoesOn() => failure is null && !stopped && !activities.IsStopping;
    }
}
