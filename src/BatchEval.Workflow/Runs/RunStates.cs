namespace BatchEval.Workflow.Runs;

/// <summary>States of a run, as <c>run.json</c> and the HTTP interface give them.</summary>
public static class RunStates
{
    /// <summary>Submitted; nothing has been computed.</summary>
    public const string Pending = "pending";

    /// <summary>Under way.</summary>
    public const string Running = "running";

    /// <summary>Held by request or by an interruption; can be resumed.</summary>
    public const string Paused = "paused";

    /// <summary>Told to stop; what is being computed is waited for, nothing else begins.</summary>
    public const string Stopping = "stopping";

    /// <summary>Ended by request before its time.</summary>
    public const string Stopped = "stopped";

    /// <summary>Ended by a failure; can be resumed.</summary>
    public const string Failed = "failed";

    public const string Finished = "finished";

    /// <summary>Whether a state forbids that anything new is begun.</summary>
    public static bool ForbidsWork(string state) => state is Stopping or Stopped;
}
