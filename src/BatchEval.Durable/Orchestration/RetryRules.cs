using System.Text.Json;
using BatchEval.Core.Json;
using Microsoft.DurableTask;

namespace BatchEval.Durable.Orchestration;

/// <summary>Which failures of an activity are worth another attempt. Runs inside the orchestrator, so it decides by the failure alone.</summary>
public static class RetryRules
{
    /// <summary>Options of activities that compute: patient, because a replica may be on its way out.</summary>
    public static TaskOptions Evaluate { get; } = Create(5, TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(5));

    /// <summary>Options of activities that only read and write the store, which may be away for some minutes.</summary>
    public static TaskOptions Store { get; } = Create(8, TimeSpan.FromSeconds(3), TimeSpan.FromMinutes(1));

    /// <summary>Whether another attempt may succeed: everything but bad input and a state that will not change by itself.</summary>
    public static bool MayPass(TaskFailureDetails failure)
    {
        if (failure.IsCausedBy<AggregateException>() && failure.InnerFailure is { } inner)
        {
            return MayPass(inner);
        }

        // A worker that shuts down disposes of what the activity uses; elsewhere it will do.
        return failure.IsCausedBy<ObjectDisposedException>() || !IsBadInput(failure);
    }

    private static bool IsBadInput(TaskFailureDetails failure) =>
        failure.IsCausedBy<ProblemException>() || failure.IsCausedBy<ArgumentException>() || failure.IsCausedBy<InvalidOperationException>()
        || failure.IsCausedBy<JsonException>() || failure.IsCausedBy<NotSupportedException>();

    private static TaskOptions Create(int attempts, TimeSpan first, TimeSpan longest) =>
        TaskOptions.FromRetryPolicy(new RetryPolicy(attempts, first, backoffCoefficient: 2, maxRetryInterval: longest) { HandleFailure = MayPass });
}
