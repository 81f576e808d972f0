namespace BatchEval.Core.Metrics;

/// <summary>Unbiased squared maximum mean discrepancy (Gretton et al. 2012) with a polynomial kernel.</summary>
internal static class MaximumMeanDiscrepancy
{
    /// <summary>
    /// Value, and the standard error of the linear part of the U-statistic: Var = 4 Var h_x / m + 4 Var h_y / n with
    /// h_x(i) = mean_j k(x_i, x_j) - mean_j k(x_i, y_j).
    /// </summary>
    public static ScoreWithError Unbiased(FeatureMatrix x, FeatureMatrix y, PolynomialKernel kernel, int degreeOfParallelism)
    {
        FeatureMatrix.RequireSameDimensions(x, y);
        kernel.Validate();
        if (Math.Min(x.Count, y.Count) < 2) throw new ArgumentException($"An unbiased estimate needs at least two samples on each side; there are {x.Count} and {y.Count}.");
        void Apply(int row, int firstColumn, Span<double> products) => kernel.Apply(products, x.Dimensions);
        var (m, n) = ((double)x.Count, (double)y.Count);
        var (xx, yy) = (KernelSums.Within(x, Apply, degreeOfParallelism), KernelSums.Within(y, Apply, degreeOfParallelism));
        var (xy, yx) = KernelSums.Between(x, y, Apply, degreeOfParallelism);
        var value = (xx.Sum() / (m * (m - 1))) + (yy.Sum() / (n * (n - 1))) - (2 * xy.Sum() / (m * n));
        var variance = (4 * VarianceOfDifference(xx, m - 1, xy, n) / m) + (4 * VarianceOfDifference(yy, n - 1, yx, m) / n);
        return new ScoreWithError(value, Math.Sqrt(variance), x.Count, "unbiased MMD^2, polynomial kernel, all samples; standard error of the linear part of the U-statistic");
    }

    private static double VarianceOfDifference(double[] a, double aCount, double[] b, double bCount)
    {
        var statistics = new RunningStatistics();
        for (var i = 0; i < a.Length; i++) statistics.Add((a[i] / aCount) - (b[i] / bCount));
        return statistics.Variance;
    }
}
