using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Metrics;

/// <summary>Seeded random inputs for the metric tests.</summary>
internal static class TestFeatures
{
    /// <summary>n x d numbers, scale * N(0, 1) + shift, with a mild correlation between neighbouring columns.</summary>
    public static FeatureMatrix Normal(int n, int d, ulong seed, double scale = 1, double shift = 0, double correlation = 0)
    {
        var stream = new PhiloxStream(seed, 7);
        var values = new float[n * d];
        for (var i = 0; i < n; i++)
        {
            var previous = 0.0;
            for (var j = 0; j < d; j++)
            {
                previous = (correlation * previous) + stream.NextGaussian();
                values[(i * d) + j] = (float)((scale * previous) + shift);
            }
        }

        return new FeatureMatrix(values, n, d);
    }

    public static double Frechet(GaussianStatistics first, GaussianStatistics second) => new FrechetReference(second).DistanceTo(first);

    public static double Frechet(FeatureMatrix first, FeatureMatrix second) => new FrechetReference(MomentAccumulator.Of(second).ToStatistics()).DistanceTo(first);

    public static FeatureMatrix Permuted(FeatureMatrix x, ulong seed)
    {
        var rows = Enumerable.Range(0, x.Count).ToArray();
        new PhiloxStream(seed, 8).PartialShuffle<int>(rows, rows.Length);
        return x.Select(rows);
    }

    public static double[] RandomMatrix(int rows, int columns, ulong seed)
    {
        var stream = new PhiloxStream(seed, 9);
        var values = new double[rows * columns];
        for (var i = 0; i < values.Length; i++) values[i] = stream.NextGaussian();
        return values;
    }

    public static double[] RandomSymmetric(int n, ulong seed)
    {
        var a = RandomMatrix(n, n, seed);
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < i; j++) a[(i * n) + j] = a[(j * n) + i];
        }

        return a;
    }

    public static FeatureMatrix Matrix(float[,] rows)
    {
        var values = new float[rows.Length];
        Buffer.BlockCopy(rows, 0, values, 0, rows.Length * sizeof(float));
        return new FeatureMatrix(values, rows.GetLength(0), rows.GetLength(1));
    }
}
