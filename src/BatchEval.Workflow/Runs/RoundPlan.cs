using System.Text.Json.Serialization;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>What a round has to compute and score.</summary>
/// <param name="Generation">Generation within the stage.</param>
/// <param name="Rung">Rung within the generation.</param>
/// <param name="Assignments">Who is scored on which samples.</param>
public sealed record RoundPlan(int Round, RunStage Stage, int Generation, int Rung, IReadOnlyList<Assignment> Assignments)
{
    /// <summary>How many of the last assignments are not scored themselves, but control variates of the others: none, or one on their samples and one on many.</summary>
    public int Controls { get; init; }

    /// <summary>Ids of the parents of candidates that were bred in this round, by the child's id; null where none was.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Parents { get; init; }

    /// <summary>Network calls times samples that the round asks for, before anything is shared or found.</summary>
    public long SampleSteps => Assignments.Sum(a => (long)a.Entry.Candidate.NetworkCalls * a.Range.Count);
}

/// <summary>One candidate's work in a round.</summary>
/// <param name="PairedSamples">How many of its first samples are compared with the unaccelerated sampler.</param>
public sealed record Assignment([property: JsonPropertyName("contestant")] Entry Entry, SampleRange Range, bool KeepImages, int PairedSamples);
