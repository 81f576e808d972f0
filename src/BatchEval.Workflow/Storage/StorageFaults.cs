using System.Net.Sockets;
using Azure;
using Azure.Identity;

namespace BatchEval.Workflow.Storage;

/// <summary>Tells failures of the storage from all others. The client throws its refusals as they are, or several of them in one exception once it has given up.</summary>
public static class StorageFaults
{
    /// <summary>Whether a failure is one of the storage, or of the sign-in to it.</summary>
    public static bool Is(Exception error) => Cause(error) is not null;

    /// <summary>Whether the storage is away or busy, as far as can be seen, and may come back by itself.</summary>
    public static bool IsAway(Exception error) => IsAwayItself(Cause(error));

    /// <summary>Whether another attempt may succeed.</summary>
    public static bool MayPass(Exception error) => IsAway(error) || Cause(error) is RequestFailedException { Status: >= 500 } or AuthenticationFailedException { InnerException: RequestFailedException { Status: >= 500 } };

    /// <summary>Whether the storage refuses the token, the key or the identity.</summary>
    public static bool IsRefusal(Exception error) => Cause(error) is RequestFailedException { Status: 401 or 403 } or AuthenticationFailedException && !MayPass(error);

    // A sign-in fails with one exception, whether it was refused or nobody answered; within it stands which.
    private static bool IsAwayItself(Exception? cause) => cause switch
    {
        RequestFailedException answer => answer.Status is 0 or 408 or 429 or 503,
        CredentialUnavailableException => false,
        OperationCanceledException or HttpRequestException or IOException or SocketException or TimeoutException => true,
        AggregateException many => many.InnerExceptions.All(IsAwayItself),
        { InnerException: { } inner } => IsAwayItself(inner),
        _ => false,
    };

    /// <summary>What the storage said, or null when that is not what failed.</summary>
    internal static Exception? Cause(Exception error) => error switch
    {
        RequestFailedException or AuthenticationFailedException => error,
        // An answer that did not come in time, several times.
        AggregateException { InnerException: OperationCanceledException late } => late,
        { InnerException: { } inner } => Cause(inner),
        _ => null,
    };
}
