using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Core.Search;

/// <summary>
/// A model's range of noise as positions from 0 to <see cref="Length"/>: the training indices of a discrete-time model, a thousand steps that are
/// uniform in the logarithm of the noise-to-signal ratio for others. The last position is the largest time, also where nothing is left of the signal there.
/// </summary>
internal sealed class TimeAxis(NoiseSchedule schedule)
{
    private readonly double low = Math.Log(schedule.At(schedule.MinTime).Ratio);
    private readonly double high = Math.Log(schedule.At(schedule.MaxRatioTime).Ratio);

    /// <summary>Number of distinct times, or null for a continuous axis.</summary>
    public int? Count => schedule.TrainSteps;

    /// <summary>The last position.</summary>
    public double Length => IsDiscrete ? schedule.MaxTime : 1000;

    /// <summary>Whether positions are whole numbers.</summary>
    public bool IsDiscrete => schedule.TrainSteps is not null;

    /// <summary>Smallest distance of two steps.</summary>
    public double Gap => IsDiscrete ? 1 : 0.5;

    /// <summary>Position of a time.</summary>
    public double PositionOf(double time) => IsDiscrete ? time : Math.Min((Math.Log(schedule.At(time).Ratio) - low) / (high - low) * Length, Length);

    /// <summary>The time at a position, clamped to the range.</summary>
    public double TimeAt(double position)
    {
        var inside = Math.Clamp(position, 0, Length);
        return IsDiscrete ? Math.Round(inside)
            : schedule.Stated(inside == 0 ? schedule.MinTime : inside == Length ? schedule.MaxTime : schedule.TimeOfRatio(Math.Exp(double.Lerp(low, high, inside / Length))));
    }

    /// <summary>Times at positions that descend by at least <see cref="Gap"/>: distinct also where the network can be told few.</summary>
    /// <param name="end">The time at which sampling ends, below all of them, or null.</param>
    public double[] TimesAt(IEnumerable<double> positions, double? end) => SamplingSchedule.Distinct(schedule, [.. positions.Select(TimeAt)], end);

    /// <summary>A time at random: uniform over training indices, or uniform in the logarithm of the noise-to-signal ratio.</summary>
    public double Draw(PhiloxStream random) => schedule.TrainSteps is { } trained ? random.NextInt(trained) : TimeAt(random.NextDouble() * Length);

    /// <summary>Moves time <paramref name="i"/> of a descending list towards one of its neighbours, so that the order of noise levels survives.</summary>
    public double Move(IReadOnlyList<double> times, int i, PhiloxStream random)
    {
        var above = i == 0 ? schedule.MaxTime : times[i - 1];
        var below = i == times.Count - 1 ? schedule.MinTime : times[i + 1];
        var step = 0.3 * random.NextGaussian();
        var moved = times[i] + (step > 0 ? step * (above - times[i]) : step * (times[i] - below));
        return Nearest(Math.Clamp(moved, Math.Min(below, above), Math.Max(below, above)));
    }

    /// <summary>The nearest time that a search takes.</summary>
    public double Nearest(double time) => IsDiscrete ? Math.Round(time) : schedule.Stated(time);

    /// <summary>True for a time inside the model's range.</summary>
    public bool Contains(double time) => time >= schedule.MinTime && time <= schedule.MaxTime;
}
