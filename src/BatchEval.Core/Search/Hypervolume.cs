namespace BatchEval.Core.Search;

/// <summary>
/// The volume between a set of points, all of whose objectives are minimised, and a reference point that is worse than all: larger is better, and it
/// needs no weights. Exact in two and three dimensions, by slices.
/// </summary>
public static class Hypervolume
{
    /// <summary>The hypervolume.</summary>
    /// <param name="points">Points of 2 or 3 objectives; those beyond the reference point count nothing.</param>
    /// <exception cref="ArgumentException">Not 2 or 3 objectives, or points of another length.</exception>
    public static double Of(IReadOnlyList<IReadOnlyList<double>> points, IReadOnlyList<double> reference)
    {
        if (reference.Count is not (2 or 3) || points.Any(p => p.Count != reference.Count))
        {
            throw new ArgumentException($"A hypervolume is computed of 2 or 3 objectives; the reference point has {reference.Count}, the points {string.Join(", ", points.Select(p => p.Count).Distinct())}.", nameof(points));
        }

        var inside = points.Where(p => p.Zip(reference).All(q => q.First < q.Second)).ToList();
        return reference.Count == 2 ? Area(inside, reference) : Volume(inside, reference);
    }

    // staircase: ascending in the first objective, each point adds the strip above it down from the lowest so far
    private static double Area(IEnumerable<IReadOnlyList<double>> points, IReadOnlyList<double> reference)
    {
        var (area, lowest) = (0.0, reference[1]);
        foreach (var p in points.OrderBy(p => p[0]).ThenBy(p => p[1]).Where(p => p[1] < reference[1]))
        {
            if (p[1] < lowest)
            {
                area += (reference[0] - p[0]) * (lowest - p[1]);
                lowest = p[1];
            }
        }

        return area;
    }

    // slices between neighbouring values of the third objective
    private static double Volume(List<IReadOnlyList<double>> points, IReadOnlyList<double> reference)
    {
        double[] heights = [.. points.Select(p => p[2]).Distinct().Order(), reference[2]];
        var volume = 0.0;
        for (var i = 0; i < heights.Length - 1; i++)
        {
            volume += (heights[i + 1] - heights[i]) * Area(points.Where(p => p[2] <= heights[i]), reference);
        }

        return volume;
    }
}
