namespace BatchEval.Core.Metrics;

/// <summary>Mean and covariance of features: what a <c>.npz</c> file with <c>mu</c> and <c>sigma</c> holds. Immutable by convention.</summary>
public sealed class GaussianStatistics
{
    private const double SymmetryTolerance = 1e-6;

    /// <summary>Wraps a mean and a covariance without copying them.</summary>
    /// <param name="mean">mu, d finite numbers.</param>
    /// <param name="covariance">Sigma, row-major d x d, symmetric, divided by count - 1 (ddof = 1, as all tools do).</param>
    /// <param name="count">Number of samples behind the statistics; 0 if the source does not say (files of pytorch-fid do not).</param>
    /// <exception cref="ArgumentException">Sizes that do not fit, numbers that are not finite, negative variances, or a matrix that is not symmetric.</exception>
    public GaussianStatistics(double[] mean, double[] covariance, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (mean.Length == 0) throw new ArgumentException("The mean is empty; it needs at least one dimension.", nameof(mean));
        if (covariance.LongLength != (long)mean.Length * mean.Length)
            throw new ArgumentException($"A mean of {mean.Length} numbers needs a {mean.Length} x {mean.Length} covariance, but the covariance has {covariance.LongLength} numbers.", nameof(covariance));
        if (count == 1) throw new ArgumentException("A covariance needs at least two samples.", nameof(count));
        Validate(mean, covariance);
        (Mean, Covariance, Count) = (mean, covariance, count);
    }

    private GaussianStatistics(long count, double[] mean, double[] covariance) => (Mean, Covariance, Count) = (mean, covariance, count);

    /// <summary>mu, d numbers.</summary>
    public double[] Mean { get; }

    /// <summary>Sigma, row-major d x d, ddof = 1.</summary>
    public double[] Covariance { get; }

    /// <summary>Number of samples, or 0 if unknown.</summary>
    public long Count { get; }

    /// <summary>d.</summary>
    public int Dimensions => Mean.Length;

    /// <summary>tr Sigma.</summary>
    public double Trace
    {
        get
        {
            var sum = 0.0;
            for (var i = 0; i < Dimensions; i++) sum += Covariance[(i * Dimensions) + i];
            return sum;
        }
    }

    /// <summary>Wraps numbers that are correct by construction, without looking at them again.</summary>
    internal static GaussianStatistics Trusted(double[] mean, double[] covariance, long count) => new(count, mean, covariance);

    private static void Validate(double[] mean, double[] covariance)
    {
        var d = mean.Length;
        for (var i = 0; i < d; i++)
        {
            if (!double.IsFinite(mean[i])) throw new ArgumentException($"Element {i} of the mean is {mean[i]}; it must be finite.", nameof(mean));
            if (covariance[(i * d) + i] < 0) throw new ArgumentException($"Variance {i} is {covariance[(i * d) + i]}; a variance is never negative.", nameof(covariance));
        }

        const int Tile = 32;
        for (var top = 0; top < d; top += Tile)
        for (var left = 0; left <= top; left += Tile)
            ValidateTile(covariance, d, top, left, Tile);
    }

    private static void ValidateTile(double[] covariance, int d, int top, int left, int size)
    {
        for (var i = top; i < Math.Min(d, top + size); i++)
        {
            for (var j = left; j <= Math.Min(i, left + size - 1); j++)
            {
                var (below, above) = (covariance[(i * d) + j], covariance[(j * d) + i]);
                if (!double.IsFinite(below) || !double.IsFinite(above))
                    throw new ArgumentException($"Covariance elements ({i}, {j}) and ({j}, {i}) are {below} and {above}; they must be finite.", nameof(covariance));
                if (below == above) continue;
                var bound = SymmetryTolerance * Math.Sqrt(covariance[(i * d) + i] * covariance[(j * d) + j]);
                if (Math.Abs(below - above) > bound + 1e-300)
                    throw new ArgumentException($"The covariance is not symmetric: element ({i}, {j}) is {below} and ({j}, {i}) is {above}.", nameof(covariance));
            }
        }
    }
}
