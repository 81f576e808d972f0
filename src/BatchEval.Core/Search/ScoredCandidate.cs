using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>A candidate with its score; lower is better.</summary>
/// <param name="Score">The score; +infinity when the candidate failed.</param>
/// <param name="Samples">Number of samples the score rests on.</param>
public sealed record ScoredCandidate(Candidate Candidate, double Score, double Error, int Samples, string? Failure = null)
{
    /// <summary>Orders by score, ties by candidate id, so that an order never depends on where or when a score was computed.</summary>
    public static IOrderedEnumerable<ScoredCandidate> Rank(IEnumerable<ScoredCandidate> scored) =>
        scored.OrderBy(s => double.IsNaN(s.Score) ? double.PositiveInfinity : s.Score).ThenBy(s => s.Candidate.Id, StringComparer.Ordinal);

    /// <summary>Those that go on to the next rung: a share of the ranked ones, at least one.</summary>
    public static IReadOnlyList<ScoredCandidate> Survivors(IReadOnlyList<ScoredCandidate> ranked, double share) =>
        [.. ranked.Take(Math.Max(1, (int)Math.Ceiling(ranked.Count * share)))];
}
