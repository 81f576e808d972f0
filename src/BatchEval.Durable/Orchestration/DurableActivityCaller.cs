using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using Microsoft.DurableTask;

namespace BatchEval.Durable.Orchestration;

/// <summary>
/// Lets the one definition of the loop call activities through the Durable engine. A unit that finds its run paused in the store waits here
/// for the event that the run goes on. The engine's own suspension is not used: DurableTask.Core drops a suspension that it takes in
/// together with the last result of a round, because continue-as-new carries nothing over but raised events.
/// </summary>
/// <param name="stop">Completes when the run is told to stop.</param>
/// <param name="unitsInFlight">Most units in flight at once.</param>
internal sealed class DurableActivityCaller(TaskOrchestrationContext context, Task stop, int unitsInFlight) : IActivityCaller
{
    private SearchStatus? status;
    private Task? resumed;
    private int resumptions;
    private int inFlight;
    private int waiting;

    public int MaxUnitsInFlight => unitsInFlight;

    public bool IsStopping => stop.IsCompleted;

    public Task<TResult> CallAsync<TResult>(string activity, object input) =>
        activity == ActivityNames.Evaluate ? EvaluateAsync<TResult>(input) : context.CallActivityAsync<TResult>(activity, input, RetryRules.Store);

    public void Report(RoundProgress progress)
    {
        var (round, outline) = (progress.Round, progress.Outline);
        Say(new SearchStatus(round, outline.Stage, outline.Generation, outline.Units, progress.UnitsDone));
    }

    private async Task<TResult> EvaluateAsync<TResult>(object unit)
    {
        inFlight++;
        try
        {
            var (before, outcome) = (resumptions, await AskAsync<TResult>(unit));
            while (outcome is UnitOutcome { Paused: true } && !stop.IsCompleted)
            {
                // The run may have gone on since the unit looked; another event would not come then.
                if (before == resumptions)
                {
                    await WaitAsync();
                }

                if (!stop.IsCompleted)
                {
                    (before, outcome) = (resumptions, await AskAsync<TResult>(unit));
                }
            }

            return outcome is UnitOutcome { Paused: true } ? (TResult)(object)new UnitOutcome(0, 0, 0, Stopped: true) : outcome;
        }
        finally
        {
            inFlight--;
        }
    }

    private Task<TResult> AskAsync<TResult>(object unit) => context.CallActivityAsync<TResult>(ActivityNames.Evaluate, unit, RetryRules.Evaluate);

    private async Task WaitAsync()
    {
        waiting++;
        Say(status);
        await Task.WhenAny(resumed ??= NextResumptionAsync(), stop);
        waiting--;
        Say(status);
    }

    private async Task NextResumptionAsync()
    {
        await context.WaitForExternalEvent<string>(SearchOrchestration.ResumeEvent);
        resumptions++;
        resumed = null;
    }

    private void Say(SearchStatus? now)
    {
        status = now;
        if (now is not null)
        {
            context.SetCustomStatus(now with { Paused = waiting > 0 && waiting == inFlight });
        }
    }
}
