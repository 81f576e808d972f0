namespace BatchEval.Core.Search.Schedules;

/// <summary>Lists of noise levels: checks that all schedules share, and what can be done to any of them.</summary>
internal static class SigmaKnots
{
    /// <summary>Refuses an empty schedule or an empty range.</summary>
    /// <exception cref="ArgumentException">Fewer than one step, or not 0 &lt; min &lt; max.</exception>
    public static void CheckRange(double min, double max, int steps)
    {
        if (steps < 1)
        {
            throw new ArgumentException($"A schedule needs at least 1 step, got {steps}.", nameof(steps));
        }

        if (!(min > 0 && max > min && double.IsFinite(max)))
        {
            throw new ArgumentException($"Need 0 < sigma-min < sigma-max, got sigma-min = {min} and sigma-max = {max}.", nameof(min));
        }
    }

    /// <summary>Refuses knots that do not descend strictly or are not positive (a last 0 is allowed).</summary>
    /// <exception cref="ArgumentException">The knots are not a schedule.</exception>
    public static void CheckDescending(IReadOnlyList<double> knots)
    {
        if (knots.Count < 2)
        {
            throw new ArgumentException($"A schedule needs at least 2 knots, got {knots.Count}.", nameof(knots));
        }

        for (var i = 0; i < knots.Count; i++)
        {
            if (!(double.IsFinite(knots[i]) && (knots[i] > 0 || (knots[i] == 0 && i == knots.Count - 1)) && (i == 0 || knots[i] < knots[i - 1])))
            {
                throw new ArgumentException($"Sigmas must be positive and descend strictly (only the last may be 0); entry {i + 1} is {knots[i]}.", nameof(knots));
            }
        }
    }

    /// <summary>n + 1 knots from max to min by a rule on [0, 1]; both ends exact.</summary>
    public static double[] Between(double max, double min, int steps, Func<double, double> rule)
    {
        double[] knots = [.. Enumerable.Range(0, steps + 1).Select(i => rule((double)i / steps))];
        (knots[0], knots[^1]) = (max, min);
        return knots;
    }

    /// <summary>Blends two schedules of one length in log sigma: (1 - weight) of the first, weight of the second.</summary>
    public static double[] Blend(IReadOnlyList<double> first, IReadOnlyList<double> second, double weight)
    {
        if (first.Count != second.Count)
        {
            throw new ArgumentException($"Only schedules of one length can be blended, got {first.Count} and {second.Count} knots.", nameof(second));
        }

        return [.. first.Zip(second, (a, b) => Math.Exp(double.Lerp(Math.Log(a), Math.Log(b), weight)))];
    }
}
