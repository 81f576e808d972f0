namespace BatchEval.Functions.Tests.Replay;

/// <summary>
/// Runs continuations one after another on the calling thread, as the Durable dispatcher does. A continuation that escapes to another
/// thread (ConfigureAwait(false), Task.Run) never comes back here, and the first call it makes is refused by the fake context.
/// </summary>
internal sealed class OrchestratorThread : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> queue = new();
    private readonly int thread = Environment.CurrentManagedThreadId;

    /// <summary>Refuses calls from elsewhere.</summary>
    public void Require()
    {
        if (Environment.CurrentManagedThreadId != thread || Current != this)
        {
            throw new InvalidOperationException("The orchestrator has left its thread: it awaits something that is not from its context.");
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (queue)
        {
            queue.Enqueue((d, state));
        }
    }

    /// <summary>Runs an action and everything that follows from it.</summary>
    public void Run(Action action)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            action();
            while (Next() is { } next)
            {
                next.Callback(next.State);
            }
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    private (SendOrPostCallback Callback, object? State)? Next()
    {
        lock (queue)
        {
            return queue.TryDequeue(out var item) ? item : null;
        }
    }
}
