namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// Exact minimisation over all schedules on a grid, for every number of steps at once, by dynamic programming. Indices ascend from the
/// noisiest level (0); a path of n + 1 indices is a schedule of n steps.
/// </summary>
public static class ScheduleProgram
{
    /// <summary>Solves for costs that depend on a step's two ends.</summary>
    /// <param name="points">Number of grid points.</param>
    /// <param name="maxSteps">Largest number of steps wanted.</param>
    /// <param name="cost">Cost of the step i to j &gt; i.</param>
    /// <param name="start">Cost of starting at a point; null to start at point 0.</param>
    /// <param name="growth">Weight of step m (from 0) is growth^m: GITS uses 1.15, KLUB 1.</param>
    /// <returns>For n = 1..maxSteps the best path, at index n - 1; null where the grid has no such path.</returns>
    public static IReadOnlyList<int[]?> FirstOrder(int points, int maxSteps, Func<int, int, double> cost, Func<int, double>? start = null, double growth = 1)
    {
        CheckSize(points, maxSteps);
        double[] value = [.. Enumerable.Range(0, points).Select(i => start?.Invoke(i) ?? (i == 0 ? 0 : double.PositiveInfinity))];
        var parents = new List<int[]>();
        var (paths, weight) = (new List<int[]?>(), 1.0);
        for (var n = 1; n <= maxSteps; n++, weight *= growth)
        {
            var (next, parent) = (new double[points], new int[points]);
            for (var j = 0; j < points; j++)
            {
                next[j] = double.PositiveInfinity;
                for (var i = 0; i < j; i++)
                {
                    var total = double.IsFinite(value[i]) ? value[i] + (weight * cost(i, j)) : double.PositiveInfinity;
                    (next[j], parent[j]) = total < next[j] ? (total, i) : (next[j], parent[j]);
                }
            }

            value = next;
            parents.Add(parent);
            paths.Add(double.IsFinite(value[^1]) ? Back(parents, points - 1) : null);
        }

        return paths;
    }

    /// <summary>Solves for costs that also depend on the point before a step's start.</summary>
    /// <param name="points">Number of grid points.</param>
    /// <param name="maxSteps">Largest number of steps wanted.</param>
    /// <param name="cost">Cost of the step i to j after a step from p; p = -1 for the first step.</param>
    /// <param name="start">Cost of starting at a point; null to start at point 0.</param>
    /// <param name="growth">Weight of step m (from 0) is growth^m.</param>
    /// <returns>As for <see cref="FirstOrder"/>.</returns>
    public static IReadOnlyList<int[]?> SecondOrder(int points, int maxSteps, Func<int, int, int, double> cost, Func<int, double>? start = null, double growth = 1)
    {
        CheckSize(points, maxSteps);
        var value = new double[points, points];
        for (var i = 0; i < points; i++)
        {
            var begin = start?.Invoke(i) ?? (i == 0 ? 0 : double.PositiveInfinity);
            for (var j = 0; j < points; j++)
            {
                value[i, j] = j > i && double.IsFinite(begin) ? begin + cost(-1, i, j) : double.PositiveInfinity;
            }
        }

        // parents[n][i, j]: the point before i on the best path of n steps that ends i, j
        var parents = new List<int[,]> { new int[points, points] };
        var paths = new List<int[]?> { Best(value, parents, points) };
        var weight = growth;
        for (var n = 2; n <= maxSteps; n++, weight *= growth)
        {
            (value, var parent) = Advance(value, points, cost, weight);
            parents.Add(parent);
            paths.Add(Best(value, parents, points));
        }

        return paths;
    }

    /// <summary>Places n + 1 points at equal distances on a non-decreasing scale, the ends included.</summary>
    /// <param name="sigmas">Levels of the scale's points.</param>
    /// <param name="length">Position of each, non-decreasing.</param>
    /// <param name="steps">n.</param>
    public static double[] EqualDistances(IReadOnlyList<double> sigmas, IReadOnlyList<double> length, int steps)
    {
        SigmaKnots.CheckRange(sigmas[^1], sigmas[0], steps);
        var knots = new double[steps + 1];
        for (var (n, k) = (0, 0); n <= steps; n++)
        {
            var wanted = double.Lerp(length[0], length[^1], (double)n / steps);
            while (k < sigmas.Count - 2 && length[k + 1] < wanted)
            {
                k++;
            }

            var span = length[k + 1] - length[k];
            var u = span > 0 ? Math.Clamp((wanted - length[k]) / span, 0, 1) : 0;
            knots[n] = Math.Exp(double.Lerp(Math.Log(sigmas[k]), Math.Log(sigmas[k + 1]), u));
        }

        (knots[0], knots[^1]) = (sigmas[0], sigmas[^1]);
        return knots;
    }

    private static (double[,] Value, int[,] Parent) Advance(double[,] value, int points, Func<int, int, int, double> cost, double weight)
    {
        var (next, parent) = (new double[points, points], new int[points, points]);
        for (var i = 0; i < points; i++)
        {
            for (var j = 0; j < points; j++)
            {
                next[i, j] = double.PositiveInfinity;
                for (var p = 0; p < i && i < j; p++)
                {
                    var total = double.IsFinite(value[p, i]) ? value[p, i] + (weight * cost(p, i, j)) : double.PositiveInfinity;
                    (next[i, j], parent[i, j]) = total < next[i, j] ? (total, p) : (next[i, j], parent[i, j]);
                }
            }
        }

        return (next, parent);
    }

    private static int[]? Best(double[,] value, List<int[,]> parents, int points)
    {
        var best = Enumerable.Range(0, points).MinBy(i => value[i, points - 1]);
        if (!double.IsFinite(value[best, points - 1]))
        {
            return null;
        }

        var path = new int[parents.Count + 1];
        (path[^1], path[^2]) = (points - 1, best);
        for (var n = parents.Count - 1; n >= 1; n--)
        {
            path[n - 1] = parents[n][path[n], path[n + 1]];
        }

        return path;
    }

    private static int[] Back(List<int[]> parents, int last)
    {
        var path = new int[parents.Count + 1];
        path[^1] = last;
        for (var n = parents.Count - 1; n >= 0; n--)
        {
            path[n] = parents[n][path[n + 1]];
        }

        return path;
    }

    private static void CheckSize(int points, int maxSteps)
    {
        if (points < 2 || maxSteps < 1)
        {
            throw new ArgumentException($"A schedule needs at least 1 step on a grid of at least 2 points, got {maxSteps} steps on {points} points.");
        }
    }
}
