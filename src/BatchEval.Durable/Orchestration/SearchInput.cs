namespace BatchEval.Durable.Orchestration;

/// <summary>Input of one execution of the orchestrator; all else about the run lies in the store.</summary>
/// <param name="Round">The round to compute; null asks the store where the run stands.</param>
/// <param name="UnitsInFlight">Most units in flight at once; part of the input, so that a changed setting cannot change a replay.</param>
public sealed record SearchInput(string RunId, int? Round, int UnitsInFlight);

/// <summary>Custom status of the orchestration: small, whatever the size of the run.</summary>
/// <param name="Round">The round under way.</param>
/// <param name="UnitsDone">Units finished.</param>
/// <param name="Paused">True when nothing is in flight and everything waits for the run to go on.</param>
public sealed record SearchStatus(int Round, string Stage, int Generation, int Units, int UnitsDone, bool Paused = false);

/// <summary>Input of the activity that records how a run ended.</summary>
public sealed record RecordInput(string RunId, string State, string? Error);
