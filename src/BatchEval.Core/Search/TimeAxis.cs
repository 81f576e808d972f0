using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>How searches draw and move sampling times on a model's noise axis.</summary>
/// <param name="schedule">The model's noise schedule; discrete models get whole-numbered times.</param>
internal sealed class TimeAxis(NoiseSchedule schedule)
{
    /// <summary>Number of distinct times, or null for a continuous axis.</summary>
    public int? Count => schedule.TrainSteps;

    /// <summary>A time at random: uniform over training indices, or uniform in the logarithm of the noise level.</summary>
    public double Draw(PhiloxStream random) => schedule.TrainSteps is { } trained
        ? random.NextInt(trained)
        : Whole(schedule.TimeOfRatio(Math.Exp(double.Lerp(Math.Log(schedule.At(schedule.MinTime).Ratio), Math.Log(schedule.At(schedule.MaxRatioTime).Ratio), random.NextDouble()))));

    /// <summary>Moves time <paramref name="i"/> of a descending list towards one of its neighbours, so that the order of noise levels survives.</summary>
    public double Move(IReadOnlyList<double> times, int i, PhiloxStream random)
    {
        var above = i == 0 ? schedule.MaxTime : times[i - 1];
        var below = i == times.Count - 1 ? schedule.MinTime : times[i + 1];
        var step = 0.3 * random.NextGaussian();
        var moved = times[i] + (step > 0 ? step * (above - times[i]) : step * (times[i] - below));
        return Whole(Math.Clamp(moved, Math.Min(below, above), Math.Max(below, above)));
    }

    /// <summary>The nearest time that the model has.</summary>
    public double Whole(double time) => schedule.TrainSteps is null ? Math.Round(time, 6) : Math.Round(time);

    /// <summary>True for a time inside the model's range.</summary>
    public bool Contains(double time) => time >= schedule.MinTime && time <= schedule.MaxTime;
}
