using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Schedules;

/// <summary>Between noise levels (sigma / alpha) and a model's own times.</summary>
public static class ModelTimes
{
    // Published lists are printed with few digits.
    private const double Slack = 0.01;

    /// <summary>
    /// The times at which a model is called for given levels: training indices rounded to whole numbers and moved apart where two levels
    /// fall on one, or the levels' own continuous times.
    /// </summary>
    /// <param name="schedule">The model's noise schedule.</param>
    /// <param name="sigmas">Levels at which the network is called, largest first.</param>
    /// <exception cref="ArgumentException">A level lies outside the model's range, or there are more levels than times.</exception>
    public static double[] Of(NoiseSchedule schedule, IReadOnlyList<double> sigmas)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(sigmas);
        var (low, high) = (schedule.At(schedule.MinTime).Ratio, schedule.At(schedule.MaxTime).Ratio);
        foreach (var sigma in sigmas)
        {
            if (!(sigma >= low * (1 - Slack) && sigma <= high * (1 + Slack)))
            {
                throw new ArgumentException($"sigma = {sigma:G6} lies outside the model's range [{low:G6}, {high:G6}].", nameof(sigmas));
            }
        }

        double[] times = [.. sigmas.Select(schedule.TimeOfRatio)];
        if (schedule.TrainSteps is not { } trained)
        {
            return [.. times.Select(t => Math.Round(t, 9))];
        }

        if (times.Length > trained)
        {
            throw new ArgumentException($"{times.Length} steps asked of a model trained on {trained}.", nameof(sigmas));
        }

        for (var i = 0; i < times.Length; i++)
        {
            times[i] = Math.Round(times[i], MidpointRounding.ToEven);
            times[i] = i > 0 ? Math.Min(times[i], times[i - 1] - 1) : times[i];
        }

        for (var i = times.Length - 1; i >= 0; i--)
        {
            times[i] = Math.Max(times[i], times.Length - 1 - i);
        }

        return times;
    }

    /// <summary>The levels of times.</summary>
    public static double[] Levels(NoiseSchedule schedule, IEnumerable<double> times)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return [.. times.Select(t => schedule.At(t).Ratio)];
    }
}
