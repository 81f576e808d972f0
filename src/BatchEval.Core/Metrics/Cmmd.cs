using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>
/// CLIP maximum mean discrepancy (Jayasumana et al. 2024): features divided by their Euclidean length, kernel exp(-|x - y|^2 / (2 sigma^2)) with sigma = 10,
/// the biased (minimum-variance) estimate 1000 (mean k_xx + mean k_yy - 2 mean k_xy), diagonals included, as the official code. Meant for the
/// projected embedding of CLIP ViT-L/14 at 336 pixels.
/// </summary>
internal static class Cmmd
{
    /// <summary>Width of the kernel.</summary>
    public const double Sigma = 10;

    /// <summary>Factor of the published score.</summary>
    public const double Scale = 1000;

    /// <summary>Computes the score, at least 0 up to rounding.</summary>
    /// <param name="generated">At least 2 embeddings, none of length 0.</param>
    /// <param name="real">At least 2 embeddings, none of length 0.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    /// <returns>Value, and the standard error of the linear part of the V-statistic (too small where both sets have the same distribution).</returns>
    public static ScoreWithError Compute(FeatureMatrix generated, FeatureMatrix real, int degreeOfParallelism = 1)
    {
        FeatureMatrix.RequireSameDimensions(generated, real);
        if (Math.Min(generated.Count, real.Count) < 2) throw new ArgumentException($"CMMD needs at least two samples on each side; there are {generated.Count} and {real.Count}.");
        var (x, y) = (InverseLengths(generated), InverseLengths(real));
        var xx = KernelSums.Within(generated, GaussianKernel(x, x), degreeOfParallelism);
        var yy = KernelSums.Within(real, GaussianKernel(y, y), degreeOfParallelism);
        var (xy, yx) = KernelSums.Between(generated, real, GaussianKernel(x, y), degreeOfParallelism);
        var (m, n) = ((double)x.Length, (double)y.Length);

        // k(x, x) = 1 belongs to the biased estimate.
        var value = Scale * (((xx.Sum() + m) / (m * m)) + ((yy.Sum() + n) / (n * n)) - (2 * xy.Sum() / (m * n)));
        var (hx, hy) = (new RunningStatistics(), new RunningStatistics());
        for (var i = 0; i < x.Length; i++) hx.Add(((xx[i] + 1) / m) - (xy[i] / n));
        for (var j = 0; j < y.Length; j++) hy.Add(((yy[j] + 1) / n) - (yx[j] / m));
        var error = Scale * 2 * Math.Sqrt((hx.Variance / m) + (hy.Variance / n));
        return new ScoreWithError(value, error, generated.Count, "CMMD, sigma 10, x 1000, biased estimate; standard error of the linear part");
    }

    /// <summary>exp(-|u - v|^2 / (2 sigma^2)) for unit vectors u = x / |x| and v = y / |y|: |u - v|^2 = 2 - 2 u.v.</summary>
    private static KernelSums.Kernel GaussianKernel(double[] xInverse, double[] yInverse) => (i, firstColumn, row) =>
    {
        for (var j = 0; j < row.Length; j++) row[j] = Math.Exp((Math.Min(1, row[j] * xInverse[i] * yInverse[firstColumn + j]) - 1) / (Sigma * Sigma));
    };

    private static double[] InverseLengths(FeatureMatrix x)
    {
        var inverse = new double[x.Count];
        for (var i = 0; i < inverse.Length; i++)
        {
            var square = BlockedProduct.SquaredNorm(x.Row(i));
            if (square == 0) throw new ArgumentException($"Embedding {i} is all zeros and has no direction; the image of that row, or the network, is broken.", nameof(x));
            inverse[i] = 1 / Math.Sqrt(square);
        }

        return inverse;
    }
}
