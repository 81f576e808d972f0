namespace BatchEval.Core.Metrics;

/// <summary>Count, mean and variance of a stream of numbers (Welford 1962).</summary>
internal sealed class RunningStatistics
{
    private double squares;

    /// <summary>Numbers added so far.</summary>
    public long Count { get; private set; }

    /// <summary>Mean; NaN before the first number.</summary>
    public double Mean { get; private set; } = double.NaN;

    /// <summary>Smallest number; +infinity before the first.</summary>
    public double Minimum { get; private set; } = double.PositiveInfinity;

    /// <summary>Largest number; -infinity before the first.</summary>
    public double Maximum { get; private set; } = double.NegativeInfinity;

    /// <summary>Variance with ddof = 1; NaN below two numbers.</summary>
    public double Variance => Count < 2 ? double.NaN : squares / (Count - 1);

    /// <summary>Square root of <see cref="Variance"/>.</summary>
    public double StandardDeviation => Math.Sqrt(Variance);

    /// <summary>Standard error of the mean, sqrt(variance / n); NaN below two numbers.</summary>
    public double StandardError => Math.Sqrt(Variance / Count);

    /// <summary>Adds one finite number.</summary>
    /// <exception cref="ArgumentException">NaN or infinite.</exception>
    public void Add(double value)
    {
        if (!double.IsFinite(value)) throw new ArgumentException($"Number {Count} is {value}; statistics take finite numbers only.", nameof(value));
        Count++;
        if (Count == 1) Mean = 0;
        var delta = value - Mean;
        Mean += delta / Count;
        squares += delta * (value - Mean);
        Minimum = Math.Min(Minimum, value);
        Maximum = Math.Max(Maximum, value);
    }
}
