using System.Text.Json.Serialization;

namespace BatchEval.Core.Sampling.Placement;

/// <summary>Where on a model's noise axis the network is called.</summary>
/// <param name="Method">The method, for example <c>klub-dp</c> or <c>karras</c>.</param>
/// <param name="Variant">What sets it apart from the method's other schedules; empty for the method's own default.</param>
/// <param name="Times">The model's own times at which the network is called, strictly descending.</param>
/// <param name="End">Time at which sampling stops, without a call; null to go to no noise at all.</param>
public sealed record SamplingSchedule(string Method, string Variant, IReadOnlyList<double> Times, double? End = null)
{
    // Published lists are printed with few digits.
    private const double Slack = 0.01;

    /// <summary>Method and variant.</summary>
    [JsonIgnore]
    public string Name => Variant.Length == 0 ? Method : $"{Method} ({Variant})";

    /// <summary>The ending in a word, for files.</summary>
    [JsonIgnore]
    public string Ending => End is null ? "zero" : "stop";

    /// <summary>The ending in a sentence, for people.</summary>
    [JsonIgnore]
    public string EndingDescription => End is null
        ? "The last sigma is 0: the last network call is at the last sigma but one, and its data prediction is the sample."
        : "Sampling stops at the last sigma, where no network call is made; the noise of that level is left in the sample.";

    /// <summary>The schedule that calls a model at given noise-to-signal ratios.</summary>
    /// <param name="variant">What sets it apart.</param>
    /// <param name="ratios">sigma / alpha of each call, largest first.</param>
    /// <exception cref="ArgumentException">A ratio lies outside the model's range, or there are more than the model has times.</exception>
    public static SamplingSchedule OfRatios(string method, string variant, NoiseSchedule noise, IReadOnlyList<double> ratios)
    {
        var (low, high) = (noise.At(noise.MinTime).Ratio, noise.At(noise.MaxTime).Ratio);
        foreach (var ratio in ratios)
        {
            if (!(ratio >= low * (1 - Slack) && ratio <= high * (1 + Slack)))
            {
                throw new ArgumentException($"sigma = {ratio:G6} lies outside the model's range [{low:G6}, {high:G6}].", nameof(ratios));
            }
        }

        return new(method, variant, Distinct(noise, [.. ratios.Select(noise.TimeOfRatio)]));
    }

    /// <summary>sigma / alpha of each call.</summary>
    public double[] Ratios(NoiseSchedule noise) => [.. Times.Select(t => noise.At(t).Ratio)];

    /// <summary>What other tools call the levels: those of the calls, then the end's or 0.</summary>
    public double[] Sigmas(NoiseSchedule noise) => [.. Times.Select(noise.SigmaAt), End is { } end ? noise.SigmaAt(end) : 0];

    /// <summary>
    /// The one rule by which levels become times: real times to nine digits, or the nearest that the network can be told, which are
    /// moved apart where two levels fall on one.
    /// </summary>
    /// <param name="end">The time at which sampling ends, below all of them; null for none.</param>
    /// <exception cref="ArgumentException">More times than the network can be told.</exception>
    internal static double[] Distinct(NoiseSchedule noise, double[] times, double? end = null)
    {
        times = Array.ConvertAll(times, noise.Stated);
        if (noise.TimeInput == TimeInput.Real)
        {
            return times;
        }

        for (var i = 1; i < times.Length; i++)
        {
            times[i] = Math.Min(times[i], noise.Beside(times[i - 1], -1));
        }

        var lowest = end is { } stop ? noise.Beside(stop, 1) : noise.TimeInput == TimeInput.Whole ? Math.Ceiling(noise.MinTime) : noise.MinTime;
        for (var i = times.Length - 1; i >= 0; i--)
        {
            times[i] = Math.Max(times[i], i == times.Length - 1 ? lowest : noise.Beside(times[i + 1], 1));
        }

        return times[0] <= noise.MaxTime ? Array.ConvertAll(times, noise.Stated)
            : throw new ArgumentException($"{times.Length} steps asked of a model that can be called at {Count(noise, lowest)} times.", nameof(times));
    }

    private static int Count(NoiseSchedule noise, double time)
    {
        var count = 0;
        for (; time <= noise.MaxTime; time = noise.Beside(time, 1))
        {
            count++;
        }

        return count;
    }
}
