namespace Microsoft.DurableTask;

public class RetryPolicy
{
    public RetryPolicy(int maxNumberOfAttempts, TimeSpan firstRetryInterval, double backoffCoefficient = 1.0, TimeSpan? maxRetryInterval = null, TimeSpan? retryTimeout = null)
    {
        (MaxNumberOfAttempts, FirstRetryInterval, BackoffCoefficient) = (maxNumberOfAttempts, firstRetryInterval, backoffCoefficient);
        (MaxRetryInterval, RetryTimeout) = (maxRetryInterval ?? TimeSpan.FromHours(1), retryTimeout ?? Timeout.InfiniteTimeSpan);
    }

    public int MaxNumberOfAttempts { get; }

    public TimeSpan FirstRetryInterval { get; }

    public double BackoffCoefficient { get; }

    public TimeSpan MaxRetryInterval { get; }

    public TimeSpan RetryTimeout { get; }

    // The setter alone is public in the official package; the getter serves nobody but the fake context, through reflection.
    public Func<TaskFailureDetails, bool> HandleFailure
    {
        internal get;
        init;
    } = _ => true;
}

public sealed class TaskRetryOptions
{
    public TaskRetryOptions(RetryPolicy policy) => Policy = policy;

    public TaskRetryOptions(AsyncRetryHandler handler) => Handler = handler;

    public RetryPolicy? Policy { get; }

    public AsyncRetryHandler? Handler { get; }

    public static implicit operator TaskRetryOptions(RetryPolicy policy) => new(policy);

    public static implicit operator TaskRetryOptions(AsyncRetryHandler handler) => new(handler);
}

public delegate bool RetryHandler(RetryContext retryContext);

public delegate Task<bool> AsyncRetryHandler(RetryContext retryContext);

public record RetryContext(
    TaskOrchestrationContext OrchestrationContext, int LastAttemptNumber, TaskFailureDetails LastFailure, TimeSpan TotalRetryTime, CancellationToken CancellationToken);

public sealed class TaskFailedException(string taskName, int taskId, TaskFailureDetails failureDetails)
    : Exception($"Task '{taskName}' (#{taskId}) failed with an unhandled exception: {failureDetails.ErrorMessage}")
{
    public string TaskName { get; } = taskName;

    public int TaskId { get; } = taskId;

    public TaskFailureDetails FailureDetails { get; } = failureDetails;
}

public record TaskFailureDetails(string ErrorType, string ErrorMessage, string? StackTrace, TaskFailureDetails? InnerFailure, IDictionary<string, object?>? Properties)
{
    public static TaskFailureDetails FromException(Exception exception) => new(
        exception.GetType().FullName!, exception.Message, exception.StackTrace, exception.InnerException is { } inner ? FromException(inner) : null, null);

    public bool IsCausedBy<T>()
        where T : Exception => IsCausedBy(typeof(T));

    // As the official one: the type is resolved by its name among the loaded assemblies.
    public bool IsCausedBy(Type targetBaseExceptionType)
    {
        var type = AppDomain.CurrentDomain.GetAssemblies().Select(a => a.GetType(ErrorType)).FirstOrDefault(t => t is not null);
        return type is not null && targetBaseExceptionType.IsAssignableFrom(type);
    }
}
