namespace BatchEval.Core.Metrics;

/// <summary>Squared maximum mean discrepancy (Gretton et al. 2012) from row sums of the three kernel matrices, which are never held as a whole.</summary>
internal static class MaximumMeanDiscrepancy
{
    /// <summary>Unbiased estimate with a polynomial kernel, without an error.</summary>
    public static double UnbiasedValue(FeatureMatrix x, FeatureMatrix y, PolynomialKernel kernel, int degreeOfParallelism)
    {
        var (m, n) = ((double)x.Count, (double)y.Count);
        var (xx, yy) = (RowSumsWithoutDiagonal(x, kernel, degreeOfParallelism), RowSumsWithoutDiagonal(y, kernel, degreeOfParallelism));
        return (xx.Sum() / (m * (m - 1))) + (yy.Sum() / (n * (n - 1))) - (2 * RowSums(x, y, kernel, degreeOfParallelism).Sum() / (m * n));
    }

    /// <summary>Unbiased estimate with a polynomial kernel.</summary>
    public static ScoreWithError Unbiased(FeatureMatrix x, FeatureMatrix y, PolynomialKernel kernel, int degreeOfParallelism)
    {
        FeatureMatrix.RequireSameDimensions(x, y);
        kernel.Validate();
        if (Math.Min(x.Count, y.Count) < 2) throw new ArgumentException($"An unbiased estimate needs at least two samples on each side; there are {x.Count} and {y.Count}.");
        var (m, n) = ((double)x.Count, (double)y.Count);
        var (xx, yy) = (RowSumsWithoutDiagonal(x, kernel, degreeOfParallelism), RowSumsWithoutDiagonal(y, kernel, degreeOfParallelism));
        var (xy, yx) = (RowSums(x, y, kernel, degreeOfParallelism), RowSums(y, x, kernel, degreeOfParallelism));
        var value = (xx.Sum() / (m * (m - 1))) + (yy.Sum() / (n * (n - 1))) - (2 * xy.Sum() / (m * n));

        // Linear part of the U-statistic: Var = 4 Var h_x / m + 4 Var h_y / n with h_x(i) = mean_j k(x_i, x_j) - mean_j k(x_i, y_j).
        var variance = (4 * VarianceOfDifference(xx, m - 1, xy, n) / m) + (4 * VarianceOfDifference(yy, n - 1, yx, m) / n);
        return new ScoreWithError(value, Math.Sqrt(variance), x.Count, "unbiased MMD^2, polynomial kernel, all samples; standard error of the linear part of the U-statistic");
    }

    private static double[] RowSumsWithoutDiagonal(FeatureMatrix x, PolynomialKernel kernel, int degreeOfParallelism)
    {
        var sums = new double[x.Count];
        PairwiseProducts.InnerProducts(x, x, degreeOfParallelism, (i, row) =>
        {
            kernel.Apply(row, x.Dimensions);
            row[i] = 0;
            sums[i] = Sum(row);
        });
        return sums;
    }

    private static double[] RowSums(FeatureMatrix x, FeatureMatrix y, PolynomialKernel kernel, int degreeOfParallelism)
    {
        var sums = new double[x.Count];
        PairwiseProducts.InnerProducts(x, y, degreeOfParallelism, (i, row) =>
        {
            kernel.Apply(row, x.Dimensions);
            sums[i] = Sum(row);
        });
        return sums;
    }

    private static double Sum(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values) sum += value;
        return sum;
    }

    private static double VarianceOfDifference(double[] a, double aCount, double[] b, double bCount)
    {
        var statistics = new RunningStatistics();
        for (var i = 0; i < a.Length; i++) statistics.Add((a[i] / aCount) - (b[i] / bCount));
        return statistics.Variance;
    }
}
