using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>Frechet distance of two Gaussians (FID when the features are those of the Inception network); see <see cref="FrechetReference"/>.</summary>
public static class FrechetDistance
{
    /// <summary>Distance between two means and covariances, at least 0.</summary>
    /// <param name="first">One side.</param>
    /// <param name="second">The other side, of the same dimensions.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    public static double Between(GaussianStatistics first, GaussianStatistics second, int degreeOfParallelism = 1) =>
        new FrechetReference(second, degreeOfParallelism).DistanceTo(first);

    /// <summary>
    /// Distance between two sets of samples, at least 0. If both have fewer samples than dimensions no d x d matrix is formed:
    /// the trace of the root is the sum of the singular values of C_1 C_2^T (Mathiasen and Hvilshoj 2020).
    /// </summary>
    /// <param name="first">At least two rows.</param>
    /// <param name="second">At least two rows.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    public static double Between(FeatureMatrix first, FeatureMatrix second, int degreeOfParallelism = 1)
    {
        FeatureMatrix.RequireSameDimensions(first, second);
        CentredFeatures.RequireTwo(Math.Min(first.Count, second.Count));
        if (first.Values.SequenceEqual(second.Values)) return 0;
        if (Math.Max(first.Count, second.Count) - 1 < first.Dimensions) return BetweenFew(first, second, degreeOfParallelism);
        var (few, many) = first.Count <= second.Count ? (first, second) : (second, first);
        return new FrechetReference(MomentAccumulator.Of(many, degreeOfParallelism).ToStatistics(), degreeOfParallelism).DistanceTo(few);
    }

    private static double BetweenFew(FeatureMatrix first, FeatureMatrix second, int degreeOfParallelism)
    {
        var (c1, c2) = (CentredFeatures.Of(first), CentredFeatures.Of(second));
        var (n1, n2, d) = (c1.Count - 1, c2.Count - 1, first.Dimensions);
        var cross = new double[checked(n1 * n2)];
        BlockedProduct.Add(1, MatrixView.RowMajor(c1.Contrasts, n1, d), MatrixView.RowMajor(c2.Contrasts, n2, d).Transposed, cross, n2, ProductShape.Full, degreeOfParallelism);
        var root = CentredFeatures.SumOfSingularValues(cross, n1, n2, degreeOfParallelism) / Math.Sqrt((double)n1 * n2);
        var means = 0.0;
        for (var i = 0; i < d; i++) means += (c1.Mean[i] - c2.Mean[i]) * (c1.Mean[i] - c2.Mean[i]);
        return Math.Max(0, means + (c1.Trace + c2.Trace - (2 * root)));
    }
}
