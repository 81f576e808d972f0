namespace BatchEval.Core.Sampling;

/// <summary>The noising process a model was trained on, as a function of the model's own time.</summary>
public abstract class NoiseSchedule
{
    /// <summary>The kind of process.</summary>
    public abstract NoiseProcess Process { get; }

    /// <summary>What other tools call a level: u for flow models, sigma / alpha for all others.</summary>
    public double SigmaOf(NoiseLevel level) => Process == NoiseProcess.Flow ? level.Sigma : level.Ratio;

    /// <summary>Smallest time the model knows.</summary>
    public abstract double MinTime { get; }

    /// <summary>Largest time the model knows.</summary>
    public abstract double MaxTime { get; }

    /// <summary>Number of training steps of a discrete-time model; null for a continuous one.</summary>
    public abstract int? TrainSteps { get; }

    /// <summary>The noise level at a time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time lies outside [<see cref="MinTime"/>, <see cref="MaxTime"/>].</exception>
    public NoiseLevel At(double time)
    {
        if (!(time >= MinTime && time <= MaxTime))
        {
            throw new ArgumentOutOfRangeException(nameof(time), time, $"Time {time} lies outside the model's range [{MinTime}, {MaxTime}].");
        }

        return Evaluate(time);
    }

    /// <summary>The time at which the noise-to-signal ratio is <paramref name="ratio"/>, clamped to the model's range.</summary>
    public abstract double TimeOfRatio(double ratio);

    /// <summary>Standard deviation of the state that sampling starts from at <paramref name="start"/>.</summary>
    public abstract double StartScale(NoiseLevel start);

    /// <summary>Evaluates the process at a time already known to be in range.</summary>
    protected abstract NoiseLevel Evaluate(double time);
}
