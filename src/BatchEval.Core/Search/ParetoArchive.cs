using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>Which scored candidates a search keeps as parents.</summary>
public static class ParetoArchive
{
    /// <summary>
    /// Keeps half of the places for the best scores, and gives the other half to candidates that are good for what they cost, by
    /// NSGA-II's order: cheap candidates are where steps can still be added.
    /// </summary>
    /// <param name="scored">Candidates, all scored on the same samples.</param>
    /// <returns>The kept ones, best score first.</returns>
    public static IReadOnlyList<ScoredCandidate> Keep(IEnumerable<ScoredCandidate> scored, int places, Func<Candidate, double> cost)
    {
        var ranked = ScoredCandidate.Rank(scored.Where(s => double.IsFinite(s.Score)).DistinctBy(s => s.Candidate.Id)).ToList();
        var best = ranked.Take((places + 1) / 2).ToList();
        var rest = ranked.Skip(best.Count).ToList();
        var others = ParetoRanking.Select([.. rest.Select(s => (IReadOnlyList<double>)[s.Score, cost(s.Candidate)])], places - best.Count);
        return [.. ScoredCandidate.Rank(best.Concat(others.Select(i => rest[i])))];
    }
}
