namespace BatchEval.Core.Search.Schedules;

/// <summary>Lists of noise levels: checks that all schedules share, and what can be done to any of them.</summary>
public static class SigmaKnots
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
        ArgumentNullException.ThrowIfNull(rule);
        double[] knots = [.. Enumerable.Range(0, steps + 1).Select(i => rule((double)i / steps))];
        (knots[0], knots[^1]) = (max, min);
        return knots;
    }

    /// <summary>
    /// The routine that all public tools use to bring a published list to another number of steps: piecewise linear in log sigma over
    /// equally spaced positions.
    /// </summary>
    /// <param name="knots">Known knots.</param>
    /// <param name="count">Number of knots wanted, at least 2.</param>
    public static double[] Interpolate(IReadOnlyList<double> knots, int count)
    {
        CheckDescending(knots);
        if (count < 2)
        {
            throw new ArgumentException($"Interpolation gives at least 2 knots (1 step), got {count}.", nameof(count));
        }

        if (knots[^1] == 0)
        {
            throw new ArgumentException("A last sigma of 0 has no logarithm; interpolate the list with its positive ending and set the last value to 0 afterwards.", nameof(knots));
        }

        return [.. Enumerable.Range(0, count).Select(i => At(knots, (double)i * (knots.Count - 1) / (count - 1)))];
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

    /// <summary>
    /// Image-to-image as diffusers does it: of n steps the last int(n * strength) are run (<c>get_timesteps</c> of its pipelines).
    /// </summary>
    /// <param name="knots">A whole schedule.</param>
    /// <param name="strength">Share of the noise that is added to the image, in (0, 1].</param>
    public static double[] TruncateSteps(IReadOnlyList<double> knots, double strength)
    {
        CheckStrength(strength);
        var steps = knots.Count - 1;
        var kept = Math.Min((int)(steps * strength), steps);
        return kept >= 1
            ? [.. knots.Skip(steps - kept)]
            : throw new ArgumentException($"Strength {strength} of {steps} steps leaves no step to run.", nameof(strength));
    }

    /// <summary>
    /// Image-to-image as ComfyUI does it ("denoise"): a schedule of int(n / strength) steps is made, and its last n steps are run, so
    /// that n steps are always paid for.
    /// </summary>
    /// <param name="create">Makes the whole schedule for a number of steps.</param>
    /// <param name="steps">n.</param>
    /// <param name="strength">Share of the noise that is added to the image, in (0, 1].</param>
    public static double[] TruncateKeepingSteps(Func<int, IReadOnlyList<double>> create, int steps, double strength)
    {
        ArgumentNullException.ThrowIfNull(create);
        CheckStrength(strength);
        var whole = create((int)(steps / strength));
        return [.. whole.Skip(whole.Count - 1 - steps)];
    }

    private static double At(IReadOnlyList<double> knots, double position)
    {
        var low = Math.Min((int)position, knots.Count - 2);
        return position == low ? knots[low]
            : position == low + 1 ? knots[low + 1]
            : Math.Exp(double.Lerp(Math.Log(knots[low]), Math.Log(knots[low + 1]), position - low));
    }

    private static void CheckStrength(double strength)
    {
        if (!(strength > 0 && strength <= 1))
        {
            throw new ArgumentException($"Strength must lie in (0, 1], got {strength}.", nameof(strength));
        }
    }
}
