using BatchEval.Core.Randomness;

namespace BatchEval.Core.Metrics;

/// <summary>Result of a bootstrap.</summary>
/// <param name="Value">The statistic of the samples themselves.</param>
/// <param name="StandardError">Standard deviation of the statistic over resamples.</param>
/// <param name="Lower">Lower end of the percentile interval.</param>
/// <param name="Upper">Upper end of the percentile interval.</param>
public sealed record BootstrapResult(double Value, double StandardError, double Lower, double Upper);

/// <summary>Bootstrap (Efron 1979) of any statistic of a list of numbers, with the generator handed in.</summary>
public static class Bootstrap
{
    /// <summary>Resamples with replacement.</summary>
    /// <param name="values">At least two numbers.</param>
    /// <param name="statistic">Maps a resample of the same length to a number. The array is reused; do not keep it.</param>
    /// <param name="stream">Source of randomness; consumed.</param>
    /// <param name="resamples">At least 2.</param>
    /// <param name="confidence">Coverage of the percentile interval, above 0 and below 1.</param>
    public static BootstrapResult Estimate(ReadOnlySpan<double> values, Func<double[], double> statistic, PhiloxStream stream, int resamples = 1000, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 2);
        if (values.Length < 2) throw new ArgumentException($"A bootstrap needs at least two numbers; there are {values.Length}.", nameof(values));
        if (!(confidence > 0 && confidence < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence lies between 0 and 1, both excluded.");
        var value = statistic(values.ToArray());
        var resample = new double[values.Length];
        var replicates = new double[resamples];
        var spread = new RunningStatistics();
        for (var r = 0; r < resamples; r++)
        {
            for (var i = 0; i < resample.Length; i++) resample[i] = values[stream.NextInt(values.Length)];
            replicates[r] = statistic(resample);
            spread.Add(replicates[r]);
        }

        var ends = Quantiles.Of(replicates, [(1 - confidence) / 2, (1 + confidence) / 2]);
        return new BootstrapResult(value, spread.StandardDeviation, ends[0], ends[1]);
    }
}
