using Microsoft.DurableTask;

namespace BatchEval.Functions.Tests.Replay;

/// <summary>Something that happened to an orchestration, in the order in which it learnt of it.</summary>
/// <param name="TaskId">The activity that ended, or -1 for an external event.</param>
/// <param name="EventName">Name of the external event, or null.</param>
/// <param name="Json">Result or payload as JSON; null after a failure.</param>
/// <param name="Failure">The failure of the activity.</param>
internal sealed record HistoryEvent(int TaskId, string? EventName, string? Json, TaskFailureDetails? Failure = null);

/// <summary>An activity that an orchestration asked for.</summary>
/// <param name="TaskId">Its number within the execution.</param>
/// <param name="Name">Its name.</param>
/// <param name="Json">Its input as JSON.</param>
/// <param name="Policy">How often it may be tried.</param>
internal sealed record ScheduledActivity(int TaskId, string Name, string Json, RetryPolicy? Policy);

/// <summary>What one replay of an orchestration did.</summary>
/// <param name="Actions">Everything it told the outside world, in order, as text.</param>
/// <param name="Activities">The activities among it.</param>
/// <param name="Completed">Whether the execution came to its end.</param>
/// <param name="NextInput">Input of the next execution as JSON, after continue-as-new.</param>
/// <param name="Output">What it returned.</param>
/// <param name="Error">What it threw.</param>
internal sealed record ReplayOutcome(
    IReadOnlyList<string> Actions, IReadOnlyList<ScheduledActivity> Activities, bool Completed, string? NextInput, string? Output, Exception? Error);
