using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>A candidate that others are measured against: on the samples that they are scored on, and on many more.</summary>
/// <param name="First">First of the many samples, counted from the beginning of the search range.</param>
/// <param name="Samples">How many there are.</param>
public sealed record ControlVariate(Candidate Candidate, long First, int Samples);

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

    /// <summary>Ids of the parents of those candidates that were bred from others, by the child's id; null where none was.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Parents { get; init; }

    /// <summary>A candidate near all of these that is measured well and serves as their control variate, or null.</summary>
    public ControlVariate? Control { get; init; }
}
