namespace BatchEval.Workflow.Control;

/// <summary>
/// Sets runs going and holds them: a Durable client on Azure, a background queue locally. The callers have checked that what they ask
/// goes with the state of the run; every member may be called again without harm.
/// </summary>
public interface IRunControl
{
    /// <summary>Starts a submitted run, or goes on with one that failed or was stopped. A run that is under way is left alone.</summary>
    Task StartAsync(string runId, CancellationToken cancellation);

    /// <summary>Holds a run; nothing that is finished is lost.</summary>
    Task PauseAsync(string runId, CancellationToken cancellation);

    /// <summary>Goes on with a paused or failed run.</summary>
    Task ResumeAsync(string runId, CancellationToken cancellation);

    /// <summary>Ends a run before its time.</summary>
    Task StopAsync(string runId, CancellationToken cancellation);

    /// <summary>Forgets a run that is not under way; what is still in flight for it is waited for.</summary>
    /// <returns>False when that takes too long; nothing may be deleted then.</returns>
    Task<bool> ForgetAsync(string runId, CancellationToken cancellation);

    /// <summary>What is known about a run beyond the store, or null.</summary>
    Task<RunLife?> LookAsync(string runId, CancellationToken cancellation);

    /// <summary>Addresses for managing a run elsewhere, by name in camel case; empty where there are none.</summary>
    IReadOnlyDictionary<string, string> ManagementOf(string runId);
}

/// <summary>What is known about a run that is under way.</summary>
/// <param name="State">State that overrules the stored one, or null.</param>
/// <param name="Round">Round under way, or null.</param>
/// <param name="UnitsDone">Units finished in that round.</param>
public sealed record RunLife(string? State, int? Round = null, int UnitsDone = 0, string? Error = null);
