using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>A round's <c>scores.json</c>.</summary>
/// <param name="Scores">One entry per assignment.</param>
/// <param name="Evaluations">Where the round's results came from.</param>
public sealed record RoundScores(int Round, RunStage Stage, IReadOnlyList<CandidateScore> Scores, EvaluationCounts Evaluations)
{
    /// <summary>Generation within the stage, from 0; null in files of older versions.</summary>
    public int? Generation { get; init; }

    /// <summary>Ids of the parents of candidates that were bred in this round, by the child's id; null where none was.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Parents { get; init; }

    /// <summary>True where a search looked at the range of samples that chooses the winner; null elsewhere, and in files of older versions.</summary>
    public bool? Validates { get; init; }

    /// <summary>Rung within the generation, from 0; null in files of older versions.</summary>
    public int? Rung { get; init; }
}
