using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>What a search wants scored next.</summary>
/// <param name="Candidates">Distinct candidates.</param>
/// <param name="Samples">Number of samples to score them on.</param>
/// <param name="Generation">Generation they belong to, for display.</param>
/// <param name="Rung">Rung within the generation, for display.</param>
public sealed record Proposal(IReadOnlyList<Candidate> Candidates, int Samples, int Generation, int Rung)
{
    /// <summary>First sample, counted from the beginning of the range.</summary>
    public long First { get; init; }

    /// <summary>True to score them on the range that chooses the winner, false on the range that candidates compete on.</summary>
    public bool Validates { get; init; }
}
