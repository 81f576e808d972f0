using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>What a search wants scored next.</summary>
/// <param name="Candidates">Distinct candidates.</param>
/// <param name="Samples">Score them on samples 0..Samples-1 of the search range.</param>
/// <param name="Generation">Generation they belong to, for display.</param>
/// <param name="Rung">Rung within the generation, for display.</param>
public sealed record Proposal(IReadOnlyList<Candidate> Candidates, int Samples, int Generation, int Rung);
