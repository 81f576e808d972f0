using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using Microsoft.DurableTask;

namespace BatchEval.Durable.Orchestration;

/// <summary>Lets the one definition of the loop call activities through the Durable engine.</summary>
/// <param name="context">The orchestration.</param>
/// <param name="stop">Completes when the run is told to stop.</param>
/// <param name="unitsInFlight">Most units in flight at once.</param>
internal sealed class DurableActivityCaller(TaskOrchestrationContext context, Task stop, int unitsInFlight) : IActivityCaller
{
    /// <inheritdoc/>
    public int MaxUnitsInFlight => unitsInFlight;

    /// <inheritdoc/>
    public bool IsStopping => stop.IsCompleted;

    /// <inheritdoc/>
    public Task<TResult> CallAsync<TResult>(string activity, object input) =>
        context.CallActivityAsync<TResult>(activity, input, activity == ActivityNames.Evaluate ? RetryRules.Evaluate : RetryRules.Store);

    /// <inheritdoc/>
    public void Report(RoundProgress progress)
    {
        var (round, outline) = (progress.Round, progress.Outline);
        context.SetCustomStatus(new SearchStatus(round, outline.Stage, outline.Generation, outline.Units, progress.UnitsDone));
    }
}
