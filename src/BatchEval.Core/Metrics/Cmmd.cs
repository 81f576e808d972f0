using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>
/// CLIP maximum mean discrepancy (Jayasumana et al. 2024): features divided by their Euclidean length, kernel exp(-|x - y|^2 / (2 sigma^2)) with sigma = 10,
/// the biased (minimum-variance) estimate 1000 (mean k_xx + mean k_yy - 2 mean k_xy), diagonals included, as the official code. Meant for the
/// projected embedding of CLIP ViT-L/14 at 336 pixels.
/// </summary>
public static class Cmmd
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
        var (xx, xy) = (KernelMeans(generated, x, generated, x, degreeOfParallelism), KernelMeans(generated, x, real, y, degreeOfParallelism));
        var (yy, yx) = (KernelMeans(real, y, real, y, degreeOfParallelism), KernelMeans(real, y, generated, x, degreeOfParallelism));
        var (hx, hy) = (new RunningStatistics(), new RunningStatistics());
        for (var i = 0; i < xx.Length; i++) hx.Add(xx[i] - xy[i]);
        for (var j = 0; j < yy.Length; j++) hy.Add(yy[j] - yx[j]);
        var value = Scale * (xx.Average() + yy.Average() - (2 * xy.Average()));
        var error = Scale * 2 * Math.Sqrt((hx.Variance / xx.Length) + (hy.Variance / yy.Length));
        return new ScoreWithError(value, error, generated.Count, "CMMD, sigma 10, x 1000, biased estimate; standard error of the linear part");
    }

    /// <summary>For each x the mean over y of k(x / |x|, y / |y|).</summary>
    private static double[] KernelMeans(FeatureMatrix x, double[] xInverse, FeatureMatrix y, double[] yInverse, int degreeOfParallelism)
    {
        var means = new double[x.Count];
        PairwiseProducts.InnerProducts(x, y, degreeOfParallelism, (i, row) =>
        {
            var sum = 0.0;
            for (var j = 0; j < row.Length; j++) sum += Math.Exp((Math.Min(1, row[j] * xInverse[i] * yInverse[j]) - 1) / (Sigma * Sigma));
            means[i] = sum / row.Length;
        });
        return means;
    }

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
