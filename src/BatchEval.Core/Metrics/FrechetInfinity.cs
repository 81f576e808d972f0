using BatchEval.Core.Randomness;

namespace BatchEval.Core.Metrics;

/// <summary>Settings of <see cref="FrechetInfinity"/>.</summary>
/// <param name="Points">Number of sample sizes, at least 3; 15 in the paper.</param>
/// <param name="MinimumSize">
/// Smallest sample size, or null for min(5000, max(n / 10, 2)) as dgm-eval. The paper and FID_IS_infinity use 5000 and need more samples than that.
/// </param>
internal sealed record FrechetInfinityOptions(ulong Seed, int Points = 15, int? MinimumSize = null);

/// <summary>
/// Frechet distance extrapolated to infinitely many samples (Chong and Forsyth 2020): the samples are shuffled once, the distance is computed for
/// prefixes of evenly spaced sizes N, and a straight line in 1 / N is fitted by least squares; the score is its intercept.
/// </summary>
internal static class FrechetInfinity
{
    private const ulong ShuffleStream = 0xF1D0_0001;

    /// <summary>Intercept at 1 / N = 0 with its standard error from the residuals of the fit.</summary>
    /// <param name="features">Samples, in the order of the sample index.</param>
    /// <param name="options">Seed, number of sizes, smallest size.</param>
    /// <returns>The intercept. It can be slightly negative when the true distance is near 0. The error does not know that prefixes overlap, and is a lower bound.</returns>
    public static ScoreWithError Estimate(FrechetReference reference, FeatureMatrix features, FrechetInfinityOptions options)
    {
        reference.RequireDimensions(features.Dimensions);
        var sizes = Sizes(features.Count, options);
        var rows = Enumerable.Range(0, features.Count).ToArray();
        new PhiloxStream(options.Seed, ShuffleStream).PartialShuffle<int>(rows, rows.Length);
        var distances = Distances(reference, features, rows, sizes);
        var (intercept, error) = Intercept(Array.ConvertAll(sizes, size => 1.0 / size), distances);
        return new ScoreWithError(intercept, error, features.Count,
            $"Frechet distance extrapolated to infinite samples, {sizes.Length} sizes from {sizes[0]} to {sizes[^1]}, seed {options.Seed}; standard error of the intercept of the least-squares line");
    }

    private static int[] Sizes(int n, FrechetInfinityOptions options)
    {
        var smallest = options.MinimumSize ?? Math.Min(5000, Math.Max(n / 10, 2));
        if (options.Points < 3) throw new ArgumentException($"A line with an error needs at least 3 sizes; {options.Points} were asked for.", nameof(options));
        if (smallest < 2) throw new ArgumentException($"The smallest size is {smallest}; it must be at least 2.", nameof(options));
        if (n - smallest < options.Points - 1)
            throw new ArgumentException($"{n} samples do not allow {options.Points} different sizes from {smallest} on; use more samples, fewer sizes or a smaller first size.", nameof(options));
        return [.. Enumerable.Range(0, options.Points).Select(i => smallest + (int)((long)(n - smallest) * i / (options.Points - 1)))];
    }

    private static double[] Distances(FrechetReference reference, FeatureMatrix features, int[] rows, int[] sizes)
    {
        var distances = new double[sizes.Length];
        var accumulator = new MomentAccumulator(features.Dimensions, 0, reference.DegreeOfParallelism);
        for (var p = 0; p < sizes.Length; p++)
        {
            if (reference.UsesGramRoute(sizes[p]))
            {
                distances[p] = reference.DistanceByGram(features.Select(rows.AsSpan(0, sizes[p])));
                continue;
            }

            for (var i = (int)accumulator.Count; i < sizes[p]; i++) accumulator.Add(features.Row(rows[i]));
            distances[p] = reference.DistanceTo(accumulator.ToStatistics());
        }

        return distances;
    }

    /// <summary>Intercept a of y = a + b x by least squares, and its standard error s sqrt(1 / p + mean(x)^2 / Sxx).</summary>
    internal static (double Intercept, double StandardError) Intercept(double[] x, double[] y)
    {
        var (meanX, meanY) = (x.Average(), y.Average());
        var (sxx, sxy) = (0.0, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            sxx += (x[i] - meanX) * (x[i] - meanX);
            sxy += (x[i] - meanX) * (y[i] - meanY);
        }

        var slope = sxy / sxx;
        var intercept = meanY - (slope * meanX);
        var residual = 0.0;
        for (var i = 0; i < x.Length; i++) residual += Math.Pow(y[i] - intercept - (slope * x[i]), 2);
        return (intercept, Math.Sqrt(residual / (x.Length - 2) * ((1.0 / x.Length) + (meanX * meanX / sxx))));
    }
}
