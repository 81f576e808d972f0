namespace BatchEval.Core.Sampling;

/// <summary>The noising process a model was trained on, as a function of the model's own time.</summary>
public abstract class NoiseSchedule
{
    private const int Digits = 9;

    public abstract NoiseProcess Process { get; }

    /// <summary>Smallest time the model knows.</summary>
    public abstract double MinTime { get; }

    /// <summary>Largest time the model knows.</summary>
    public abstract double MaxTime { get; }

    /// <summary>Number of training steps of a discrete-time model; null for a continuous one.</summary>
    public abstract int? TrainSteps { get; }

    /// <summary>Largest time at which some signal is left, so that the noise-to-signal ratio is finite.</summary>
    public virtual double MaxRatioTime => MaxTime;

    /// <summary>Which times the network can be told.</summary>
    public TimeInput TimeInput { get; private set; }

    /// <summary>The same process for a network whose time input holds certain numbers only.</summary>
    public NoiseSchedule For(TimeInput input)
    {
        var copy = (NoiseSchedule)MemberwiseClone();
        copy.TimeInput = input;
        return copy;
    }

    /// <summary>The nearest time that the network can be told; a network is called there, with the noise level of that very time.</summary>
    public double Nearest(double time) => TimeInput switch
    {
        TimeInput.Whole => Math.Clamp(Math.Round(time, MidpointRounding.ToEven), Math.Ceiling(MinTime), Math.Floor(MaxTime)),
        TimeInput.Half => Math.Clamp((double)(Half)time, MinTime, MaxTime),
        _ => time,
    };

    /// <summary>The next time that the network can be told above (<paramref name="direction"/> 1) or below (-1) the nearest one; the same time where it can be told any.</summary>
    internal double Beside(double time, int direction) => TimeInput switch
    {
        TimeInput.Whole => direction > 0 ? Math.Floor(time) + 1 : Math.Ceiling(time) - 1,
        TimeInput.Half => (double)(direction > 0 ? Half.BitIncrement((Half)time) : Half.BitDecrement((Half)time)),
        _ => time,
    };

    /// <summary>The time as schedules state it: <see cref="Nearest"/>, and no more decimals than the ninth digit of the largest time.</summary>
    public double Stated(double time) =>
        Math.Clamp(Math.Round(Nearest(time), Math.Clamp(Digits - (int)Math.Ceiling(Math.Log10(Math.Max(Math.Abs(MinTime), Math.Abs(MaxTime)))), 0, 15)), MinTime, MaxTime);

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

    /// <summary>What other tools call a level: u for flow models, sigma / alpha for all others.</summary>
    public double SigmaOf(NoiseLevel level) => Process == NoiseProcess.Flow ? level.Sigma : level.Ratio;

    /// <summary>What other tools call the level at a time.</summary>
    public double SigmaAt(double time) => SigmaOf(At(time));

    /// <summary>The time of what other tools call a level, clamped to the model's range.</summary>
    public virtual double TimeOfSigma(double sigma) => TimeOfRatio(sigma);

    /// <summary>A level in the unit of discrete training, in which some solvers state times: the index itself, 1000 u for flow models, and for others 1000 times the share of the range of ln sigma.</summary>
    public double TrainingTime(NoiseLevel level)
    {
        double Log(double time) => Math.Log(At(time).Ratio);
        return Process switch
        {
            NoiseProcess.Discrete => level.Time,
            NoiseProcess.Flow => 1000 * level.Sigma,
            _ => 1000 * (Math.Log(level.Ratio) - Log(MinTime)) / (Log(MaxTime) - Log(MinTime)),
        };
    }

    /// <summary>Standard deviation of the state that sampling starts from at <paramref name="start"/>.</summary>
    public abstract double StartScale(NoiseLevel start);

    /// <summary>Evaluates the process at a time already known to be in range.</summary>
    protected abstract NoiseLevel Evaluate(double time);
}
