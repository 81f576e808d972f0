using BatchEval.Onnx.Runtime;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Telemetry;

namespace BatchEval.Workflow.Local;

/// <summary>Runs the workflow in this process: direct calls, bounded parallelism, retries of what may pass.</summary>
public sealed class LocalRunner : IActivityCaller
{
    private const int Attempts = 4;

    // A network that fails for good must not hold a run up for long; what memory decides has been tried with smaller batches by then.
    private const int NetworkAttempts = 2;

    // A storage that is away is waited for.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private readonly PrepareActivity prepare;
    private readonly PlanActivity plan;
    private readonly EvaluateActivity evaluate;
    private readonly RunStore store;
    private readonly AdvanceActivity advance;
    private readonly TimeProvider time;
    private readonly IProgress<RoundProgress>? progress;
    private readonly CancellationToken cancellation;

    /// <param name="parallelism">Units in flight.</param>
    /// <param name="progress">Told after every unit.</param>
    /// <param name="cancellation">Interrupts the run; it can be resumed.</param>
    public LocalRunner(RunStore store, ModelHost models, int parallelism, TimeProvider time, IProgress<RoundProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parallelism);
        (prepare, plan) = (new PrepareActivity(store, models, time), new PlanActivity(store, models));
        (evaluate, advance) = (new EvaluateActivity(store, models, time), new AdvanceActivity(store, models, time));
        (MaxUnitsInFlight, this.store, this.time, this.progress, this.cancellation) = (parallelism, store, time, progress, cancellation);
    }

    public int MaxUnitsInFlight { get; }

    /// <summary>Told when something failed and is tried again; called from any thread.</summary>
    public Action<string>? Retrying { get; init; }

    /// <summary>False: an interruption is an exception here, and a stop is seen by the units.</summary>
    public bool IsStopping => false;

    /// <summary>Runs a submitted run to its end, or resumes it.</summary>
    /// <returns>False when somebody has stopped it meanwhile.</returns>
    public async Task<bool> RunAsync(string runId)
    {
        await using var present = await store.TakePartAsync(runId, cancellation);
        return await SearchWorkflow.RunAsync(this, runId);
    }

    public Task<TResult> CallAsync<TResult>(string activity, object input) => Task.Run(() => RetryAsync<TResult>(activity, input), cancellation);

    public void Report(RoundProgress progress) => this.progress?.Report(progress);

    private async Task<TResult> RetryAsync<TResult>(string activity, object input)
    {
        long? failed = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return (TResult)await DispatchAsync(activity, input);
            }
            catch (Exception error) when (IsTransient(error) && (attempt < Most(error) || (StorageFaults.IsAway(error) && time.GetElapsedTime(failed ??= time.GetTimestamp()) < Patience)))
            {
                WorkflowTelemetry.Retries.Add(1, new KeyValuePair<string, object?>("activity", activity));
                failed ??= time.GetTimestamp();
                var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, attempt)));
                var which = StorageFaults.IsAway(error) ? FormattableString.Invariant($"attempt {attempt}, for up to {Patience.TotalMinutes:0} minutes") : FormattableString.Invariant($"attempt {attempt} of {Most(error)}");
                Retrying?.Invoke(FormattableString.Invariant($"{(input is UnitInput unit ? $"Unit {unit.Unit + 1} of round {unit.Round}" : $"The step '{activity}'")} failed and is tried again in {pause.TotalSeconds:0} s ({which}): {ErrorText.Of(error)}"));
                await Task.Delay(pause, time, cancellation);
            }
        }
    }

    private async Task<object> DispatchAsync(string activity, object input) => (activity, input) switch
    {
        (ActivityNames.Prepare, PrepareInput i) => await prepare.RunAsync(i, cancellation),
        (ActivityNames.Plan, RoundInput i) => await plan.RunAsync(i, cancellation),
        (ActivityNames.Evaluate, UnitInput i) => await evaluate.RunAsync(i, cancellation),
        (ActivityNames.Advance, RoundInput i) => await advance.RunAsync(i, cancellation),
        _ => throw new ArgumentException($"There is no activity '{activity}' that takes a {input.GetType().Name}.", nameof(activity)),
    };

    private static int Most(Exception error) => error is NetworkFailedException ? NetworkAttempts : Attempts;

    private static bool IsTransient(Exception error) => StorageFaults.MayPass(error)
        || error is IOException or TimeoutException or NetworkFailedException || (error is AggregateException { InnerException: { } inner } && IsTransient(inner));
}
