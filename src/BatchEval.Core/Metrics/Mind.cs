using BatchEval.Core.Metrics.LinearAlgebra;
using BatchEval.Core.Randomness;

namespace BatchEval.Core.Metrics;

/// <summary>
/// MIND (arXiv 2605.06797, as in torch-fidelity 0.5): 3 d times the mean, over random unit directions u, of the mean over ranks j of
/// (sorted(X u)_j - sorted(Y u)_j)^2, the sliced Wasserstein-2 distance. No covariance; O(M n log n). Projections and sums in float64 here, float32 there.
/// </summary>
internal static class Mind
{
    /// <summary>Default number of directions.</summary>
    public const int DefaultProjections = 1000;

    private const int DirectionsPerBlock = 48;
    private const ulong DirectionStream = 0x3D1D_0000_0000;
    private const ulong SubsampleStream = 0x3D1D_FFFF_FFFF;

    /// <summary>Computes the score, at least 0; exactly 0 for the same samples in any order.</summary>
    /// <param name="generated">Generated samples. The larger set is reduced to the size of the smaller by a seeded draw without replacement.</param>
    /// <param name="seed">Seed of directions and draw.</param>
    /// <param name="projections">Number of directions, at least 2.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    /// <returns>Value, and the standard error over directions: that of the projection, not of the samples.</returns>
    public static ScoreWithError Compute(FeatureMatrix generated, FeatureMatrix real, ulong seed, int projections = DefaultProjections, int degreeOfParallelism = 1)
    {
        FeatureMatrix.RequireSameDimensions(generated, real);
        ArgumentOutOfRangeException.ThrowIfLessThan(projections, 2);
        var n = Math.Min(generated.Count, real.Count);
        var (x, y) = (Subsample(generated, n, seed), Subsample(real, n, seed));
        var perDirection = new double[projections];
        for (var start = 0; start < projections; start += DirectionsPerBlock)
        {
            var count = Math.Min(DirectionsPerBlock, projections - start);
            var directions = Directions(seed, start, count, x.Dimensions);
            var (px, py) = (Project(x, directions, count, degreeOfParallelism), Project(y, directions, count, degreeOfParallelism));
            var first = start;
            ParallelLoop.Run(count, degreeOfParallelism, m => perDirection[first + m] = SquaredWasserstein(px.AsSpan(m * n, n), py.AsSpan(m * n, n)));
        }

        var statistics = new RunningStatistics();
        foreach (var value in perDirection) statistics.Add(value);
        var scale = 3.0 * x.Dimensions;
        return new ScoreWithError(scale * statistics.Mean, scale * statistics.StandardError, n, $"MIND, {projections} directions, seed {seed}; standard error over directions");
    }

    private static FeatureMatrix Subsample(FeatureMatrix x, int n, ulong seed)
    {
        if (x.Count == n) return x;
        var rows = Enumerable.Range(0, x.Count).ToArray();
        new PhiloxStream(seed, SubsampleStream).PartialShuffle<int>(rows, n);
        return x.Select(rows.AsSpan(0, n));
    }

    private static double[] Directions(ulong seed, int first, int count, int d)
    {
        var directions = new double[count * d];
        for (var m = 0; m < count; m++)
        {
            var u = directions.AsSpan(m * d, d);
            var stream = new PhiloxStream(seed, DirectionStream + (ulong)(first + m));
            for (var i = 0; i < d; i++) u[i] = stream.NextGaussian();
            var length = Math.Sqrt(VectorMath.Dot(u, u));
            for (var i = 0; i < d; i++) u[i] /= length;
        }

        return directions;
    }

    /// <summary>Row m holds the n projections on direction m.</summary>
    private static double[] Project(FeatureMatrix x, double[] directions, int count, int degreeOfParallelism)
    {
        var projected = new double[count * x.Count];
        BlockedProduct.Add(1, MatrixView.RowMajor(directions, count, x.Dimensions), x.View.Transposed, projected, x.Count, ProductShape.Full, degreeOfParallelism);
        return projected;
    }

    private static double SquaredWasserstein(Span<double> x, Span<double> y)
    {
        x.Sort();
        y.Sort();
        var sum = 0.0;
        for (var j = 0; j < x.Length; j++) sum += (x[j] - y[j]) * (x[j] - y[j]);
        return sum / x.Length;
    }
}
