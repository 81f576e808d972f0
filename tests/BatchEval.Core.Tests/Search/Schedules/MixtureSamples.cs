using BatchEval.Core.Randomness;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

/// <summary>Samples of a mixture and their density, in closed form.</summary>
internal static class MixtureSamples
{
    /// <summary>-ln p(x), exactly.</summary>
    public static double NegativeLogDensity(this GaussianMixture mixture, ReadOnlySpan<double> x)
    {
        var variance = mixture.Deviation * mixture.Deviation;
        Span<double> exponents = mixture.Means.Length <= 256 ? stackalloc double[mixture.Means.Length] : new double[mixture.Means.Length];
        var top = mixture.Exponents(x, variance, exponents);
        var sum = 0.0;
        foreach (var e in exponents)
        {
            sum += Math.Exp(e - top);
        }

        return Math.Log(mixture.Means.Length) - top - Math.Log(sum) + (0.5 * x.Length * Math.Log(2 * Math.PI * variance));
    }

    /// <summary>Draws samples [N, d], row-major.</summary>
    public static float[] Sample(this GaussianMixture mixture, int count, ulong seed)
    {
        var random = new PhiloxStream(seed, StreamKey.For("mixture"));
        var samples = new float[count * mixture.Dimensions];
        for (var n = 0; n < count; n++)
        {
            var mean = mixture.Means[random.NextInt(mixture.Means.Length)];
            for (var i = 0; i < mean.Length; i++)
            {
                samples[(n * mean.Length) + i] = (float)(mean[i] + (mixture.Deviation * random.NextGaussian()));
            }
        }

        return samples;
    }
}
