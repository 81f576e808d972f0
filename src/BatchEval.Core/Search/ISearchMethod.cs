namespace BatchEval.Core.Search;

/// <summary>
/// A search as a pure state machine: <see cref="Next"/> says what to score, <see cref="Observe"/> takes the scores in. Both are
/// functions of their arguments and the method's own constants, so a crash between them costs nothing but repeated arithmetic.
/// </summary>
public interface ISearchMethod
{
    /// <summary>The next round's candidates, or null when the search has ended.</summary>
    Proposal? Next(SearchState state);

    /// <summary>Takes the scores of the proposal that <see cref="Next"/> gives for the same state.</summary>
    /// <param name="state">The state that the proposal came from.</param>
    /// <param name="scores">One entry per proposed candidate, in any order.</param>
    SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores);
}
