using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Samplers;

/// <summary>
/// A model's range of noise as positions from 0 to <see cref="Length"/>: the training indices of a discrete-time model, a thousand steps that are
/// uniform in the logarithm of the noise-to-signal ratio for others.
/// </summary>
/// <param name="schedule">The model's noise schedule.</param>
internal sealed class NoiseAxis(NoiseSchedule schedule)
{
    private readonly double low = Math.Log(schedule.At(schedule.MinTime).Ratio);
    private readonly double high = Math.Log(schedule.At(schedule.MaxTime).Ratio);

    /// <summary>The last position.</summary>
    public double Length => IsDiscrete ? schedule.MaxTime : 1000;

    /// <summary>Whether positions are whole numbers.</summary>
    public bool IsDiscrete => schedule.TrainSteps is not null;

    /// <summary>Smallest distance of two steps.</summary>
    public double Gap => IsDiscrete ? 1 : 0.5;

    /// <summary>Position of a time.</summary>
    public double PositionOf(double time) => IsDiscrete ? time : (Math.Log(schedule.At(time).Ratio) - low) / (high - low) * Length;

    /// <summary>The model's time at a position, clamped to the range.</summary>
    public double TimeAt(double position)
    {
        var inside = Math.Clamp(position, 0, Length);
        return IsDiscrete ? Math.Round(inside)
            : inside == 0 ? schedule.MinTime
            : inside == Length ? schedule.MaxTime
            : Math.Clamp(Math.Round(schedule.TimeOfRatio(Math.Exp(double.Lerp(low, high, inside / Length))), 6), schedule.MinTime, schedule.MaxTime);
    }
}
