using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>NSGA-II's order among candidates with several objectives, all of them minimised (Deb et al. 2002).</summary>
internal static class ParetoRanking
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
        var others = Select([.. rest.Select(s => (IReadOnlyList<double>)[s.Score, cost(s.Candidate)])], places - best.Count);
        return [.. ScoredCandidate.Rank(best.Concat(others.Select(i => rest[i])))];
    }

    /// <summary>Rank of the non-dominated front that each point lies on; 0 is the best front.</summary>
    public static IReadOnlyList<int> Fronts(IReadOnlyList<IReadOnlyList<double>> points)
    {
        var ranks = Enumerable.Repeat(-1, points.Count).ToArray();
        for (var front = 0; Array.IndexOf(ranks, -1) >= 0; front++)
        {
            var left = Enumerable.Range(0, points.Count).Where(i => ranks[i] < 0).ToList();
            foreach (var i in left.Where(i => !left.Exists(j => Dominates(points[j], points[i]))).ToList())
            {
                ranks[i] = front;
            }
        }

        return ranks;
    }

    /// <summary>
    /// Crowding distance within a front: mean over the objectives of the gap between a point's neighbours, infinite at the ends. Of equal
    /// points only the first has a distance; the others get 0.
    /// </summary>
    public static IReadOnlyList<double> Crowding(IReadOnlyList<IReadOnlyList<double>> points)
    {
        var distances = new double[points.Count];
        int[] unique = [.. Enumerable.Range(0, points.Count).Where(i => !points.Take(i).Any(p => p.SequenceEqual(points[i])))];
        if (unique.Length <= 2)
        {
            Array.ForEach(unique, i => distances[i] = double.PositiveInfinity);
            return distances;
        }

        var objectives = points[0].Count;
        for (var o = 0; o < objectives; o++)
        {
            int[] order = [.. unique.OrderBy(i => points[i][o])];
            var span = points[order[^1]][o] - points[order[0]][o];
            if (!(span > 0))
            {
                continue;
            }

            (distances[order[0]], distances[order[^1]]) = (double.PositiveInfinity, double.PositiveInfinity);
            for (var k = 1; k < order.Length - 1; k++)
            {
                distances[order[k]] += (points[order[k + 1]][o] - points[order[k - 1]][o]) / span / objectives;
            }
        }

        return distances;
    }

    /// <summary>Indices of the best points: by front, within a front the less crowded first, ties in the given order.</summary>
    public static IReadOnlyList<int> Select(IReadOnlyList<IReadOnlyList<double>> points, int count)
    {
        var ranks = Fronts(points);
        var chosen = new List<int>();
        foreach (var front in Enumerable.Range(0, points.Count).GroupBy(i => ranks[i]).OrderBy(g => g.Key))
        {
            int[] members = [.. front];
            var crowding = Crowding([.. members.Select(i => points[i])]);
            chosen.AddRange(members.Zip(crowding).OrderByDescending(p => p.Second).Select(p => p.First));
        }

        return [.. chosen.Take(count)];
    }

    private static bool Dominates(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        var better = false;
        for (var i = 0; i < a.Count; i++)
        {
            if (a[i] > b[i])
            {
                return false;
            }

            better |= a[i] < b[i];
        }

        return better;
    }
}
