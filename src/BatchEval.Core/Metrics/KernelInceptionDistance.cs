using BatchEval.Core.Randomness;

namespace BatchEval.Core.Metrics;

/// <summary>Settings of <see cref="KernelInceptionDistance.EstimateBySubsets"/>; the defaults are those of torch-fidelity and clean-fid.</summary>
/// <param name="Seed">Seed of the subset draws.</param>
/// <param name="Subsets">Number of subsets, at least 2.</param>
/// <param name="SubsetSize">Samples per subset and side, at least 2, at most the smaller set.</param>
/// <param name="Kernel">Kernel; null for (x.y / d + 1)^3.</param>
public sealed record KidOptions(ulong Seed, int Subsets = 100, int SubsetSize = 1000, PolynomialKernel? Kernel = null);

/// <summary>Result of KID by subsets.</summary>
/// <param name="Score">Mean over subsets. Its standard error is the standard deviation over subsets / sqrt(subsets), (ddof = 1), which overlapping subsets make too small.</param>
/// <param name="StandardDeviation">Standard deviation over subsets, ddof = 0: what torch-fidelity prints after the plus-minus sign.</param>
public sealed record KidResult(ScoreWithError Score, double StandardDeviation);

/// <summary>
/// Kernel Inception distance (Binkowski et al. 2018): the unbiased estimate of MMD^2,
/// sum_{i != j} k(x_i, x_j) / (m (m - 1)) + sum_{i != j} k(y_i, y_j) / (n (n - 1)) - 2 mean k(x_i, y_j). Unbiased at any sample size; may be negative.
/// </summary>
public static class KernelInceptionDistance
{
    private const ulong SubsetStream = 0x01D0_0000;

    /// <summary>Mean over random subsets, drawn without replacement on each side, in the convention of torch-fidelity.</summary>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    public static KidResult EstimateBySubsets(FeatureMatrix generated, FeatureMatrix real, KidOptions options, int degreeOfParallelism = 1)
    {
        FeatureMatrix.RequireSameDimensions(generated, real);
        var smaller = Math.Min(generated.Count, real.Count);
        if (options.Subsets < 2) throw new ArgumentException($"{options.Subsets} subsets were asked for; an error needs at least 2.", nameof(options));
        if (options.SubsetSize < 2 || options.SubsetSize > smaller)
            throw new ArgumentException($"The subset size is {options.SubsetSize}; it must be from 2 to the size of the smaller set, {smaller}.", nameof(options));
        var kernel = options.Kernel ?? new PolynomialKernel();
        kernel.Validate();
        var values = new double[options.Subsets];
        for (var s = 0; s < values.Length; s++)
        {
            var stream = new PhiloxStream(options.Seed, SubsetStream + (ulong)s);
            var x = generated.Select(Draw(stream, generated.Count, options.SubsetSize));
            var y = real.Select(Draw(stream, real.Count, options.SubsetSize));
            values[s] = Unbiased(x, y, kernel, degreeOfParallelism).Value;
        }

        var mean = values.Average();
        var deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / values.Length);
        var error = deviation / Math.Sqrt(values.Length - 1);
        return new KidResult(new ScoreWithError(mean, error, generated.Count,
            $"KID, mean of {options.Subsets} subsets of {options.SubsetSize}, seed {options.Seed}; standard error over subsets"), deviation);
    }

    /// <summary>The unbiased estimate from all samples at once. Needs memory for a few thousand rows of kernel values only.</summary>
    /// <param name="generated">At least 2 samples.</param>
    /// <param name="real">At least 2 samples.</param>
    /// <param name="kernel">Kernel; null for (x.y / d + 1)^3.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    /// <returns>Value and the standard error of the linear part of the U-statistic, which is too small where both sets have the same distribution.</returns>
    public static ScoreWithError Estimate(FeatureMatrix generated, FeatureMatrix real, PolynomialKernel? kernel = null, int degreeOfParallelism = 1) =>
        Unbiased(generated, real, kernel ?? new PolynomialKernel(), degreeOfParallelism);

    // Unbiased squared maximum mean discrepancy (Gretton et al. 2012), and the standard error of the linear part of the U-statistic: Var = 4 Var h_x / m + 4 Var h_y / n with
    // h_x(i) = mean_j k(x_i, x_j) - mean_j k(x_i, y_j).
    private static ScoreWithError Unbiased(FeatureMatrix x, FeatureMatrix y, PolynomialKernel kernel, int degreeOfParallelism)
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

    private static int[] Draw(PhiloxStream stream, int count, int size)
    {
        var rows = Enumerable.Range(0, count).ToArray();
        stream.PartialShuffle<int>(rows, size);
        return rows[..size];
    }
}
