namespace BatchEval.Core.Search;

/// <summary>What a search has found on the second range of samples.</summary>
/// <param name="Scored">Candidates scored there, best first, at most <see cref="ValidationOptions.Elites"/>.</param>
/// <param name="Stalls">Validations in a row that found nothing better.</param>
/// <param name="IsDue">True when the next round validates.</param>
/// <param name="Generation">Generation after which the last validation was due.</param>
public sealed record ValidationState(IReadOnlyList<ScoredCandidate> Scored, int Stalls, bool IsDue, int Generation)
{
    /// <summary>Nothing validated yet.</summary>
    public static ValidationState Empty { get; } = new([], 0, false, 0);
}

/// <summary>How a search is validated on the second range.</summary>
/// <param name="Samples">Samples per validated candidate.</param>
/// <param name="Interval">Generations between two validations.</param>
/// <param name="Patience">The search ends after this many validations in a row that found nothing better.</param>
/// <param name="Elites">Validated candidates that are kept.</param>
/// <param name="Tolerance">What counts as better: less than the best by this share of it.</param>
public sealed record ValidationOptions(int Samples, int Interval = 4, int Patience = 4, int Elites = 8, double Tolerance = 0.002);
