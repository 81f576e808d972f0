using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>A run's <c>run.json</c>.</summary>
/// <param name="Evaluations">Shards of finished rounds, by origin.</param>
/// <param name="Started">When it was submitted.</param>
/// <param name="Updated">When this was written.</param>
public sealed record RunStatus(
    string RunId, string State, RunStage Stage, int Round, EvaluationCounts Evaluations, CandidateScore? Best, DateTimeOffset Started, DateTimeOffset Updated, string? Error);

/// <summary>How many results a run computed, and how many it found.</summary>
/// <param name="Computed">Shards computed by this run.</param>
/// <param name="Reused">Shards that another run had computed.</param>
/// <param name="Samples">Images behind all of them.</param>
/// <param name="NetworkCalls">Network calls behind all of them, before sharing.</param>
/// <param name="Milliseconds">Time that the computed ones took.</param>
public sealed record EvaluationCounts(int Computed, int Reused, long Samples, long NetworkCalls, double Milliseconds)
{
    /// <summary>Nothing yet.</summary>
    public static EvaluationCounts None { get; } = new(0, 0, 0, 0, 0);

    /// <summary>Adds two counts.</summary>
    public static EvaluationCounts operator +(EvaluationCounts a, EvaluationCounts b) => new(
        a.Computed + b.Computed, a.Reused + b.Reused, a.Samples + b.Samples, a.NetworkCalls + b.NetworkCalls, a.Milliseconds + b.Milliseconds);
}
