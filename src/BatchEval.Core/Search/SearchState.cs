using BatchEval.Core.Search.Joint;

namespace BatchEval.Core.Search;

/// <summary>All that a search remembers between two rounds; serialisable, so that a run resumes from it.</summary>
/// <param name="Round">Rounds observed so far.</param>
/// <param name="Archive">The best candidates so far, scored on the last rung's samples, best first.</param>
/// <param name="Contenders">Candidates that go on to the next rung of the present generation.</param>
/// <param name="Seen">Ids of all candidates ever proposed, sorted.</param>
/// <param name="SampleSteps">Network calls times samples spent so far.</param>
public sealed record SearchState(
    int Round,
    IReadOnlyList<ScoredCandidate> Archive,
    IReadOnlyList<ScoredCandidate> Contenders,
    IReadOnlyList<string> Seen,
    long SampleSteps)
{
    /// <summary>What dropping single blocks costs, once <see cref="JointSearch"/> has measured it.</summary>
    public Sensitivities? Sensitivities { get; init; }

    /// <summary>The prune window of <see cref="TwoStageSearch"/>; null while it is closed.</summary>
    public PruneWindow? Window { get; init; }

    /// <summary>Nothing known yet.</summary>
    public static SearchState Empty { get; } = new(0, [], [], [], 0);
}
