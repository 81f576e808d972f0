namespace BatchEval.Workflow.Activities;

/// <summary>Names under which the activities are called.</summary>
public static class ActivityNames
{
    /// <summary>Validates and writes the run's fixed inputs.</summary>
    public const string Prepare = "Prepare";

    /// <summary>Cuts the next round into units.</summary>
    public const string Plan = "Plan";

    /// <summary>Computes one unit.</summary>
    public const string Evaluate = "Evaluate";

    /// <summary>Scores a round and moves the run on.</summary>
    public const string Advance = "Advance";
}

public sealed record PrepareInput(string RunId);

/// <summary>Output of Prepare and Advance: where the run stands.</summary>
/// <param name="Finished">True when there is none.</param>
public sealed record RunPosition(int Round, bool Finished);

/// <summary>Input of Plan and Advance.</summary>
public sealed record RoundInput(string RunId, int Round);

/// <summary>Output of Plan.</summary>
/// <param name="Units">Number of units.</param>
/// <param name="Generation">Generation within the stage.</param>
/// <param name="SampleSteps">Network calls times samples of the round.</param>
public sealed record RoundOutline(int Units, string Stage, int Generation, long SampleSteps);

/// <summary>Input of Evaluate.</summary>
/// <param name="Unit">Index of the unit in the round's plan.</param>
/// <param name="Patient">Whether to wait a while for a process that computes the unit already.</param>
public sealed record UnitInput(string RunId, int Round, int Unit, bool Patient = false);

/// <summary>Output of Evaluate.</summary>
/// <param name="Computed">Shards computed now.</param>
/// <param name="Found">Shards that were there already.</param>
/// <param name="Evaluations">Network evaluations made now.</param>
/// <param name="Stopped">True where nothing was computed because the run has been told to stop.</param>
/// <param name="ClaimedBy">Another process that computes the unit at this moment, or null.</param>
/// <param name="Paused">True where nothing was computed because the run is paused; an engine asks again when it goes on.</param>
public sealed record UnitOutcome(int Computed, int Found, long Evaluations, bool Stopped = false, string? ClaimedBy = null, bool Paused = false);
