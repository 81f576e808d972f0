using System.Numerics.Tensors;

namespace BatchEval.Core.Metrics;

/// <summary>
/// Count, mean and scatter M = sum (x - mean)(x - mean)^T of one shard: the state that units write and that merges across machines.
/// Merging follows Chan, Golub and LeVeque (1979): M = M_a + M_b + (n_a n_b / n) delta delta^T, delta = mean_b - mean_a, which stays
/// accurate where raw sums of squares cancel. Immutable by convention.
/// </summary>
public sealed class GaussianMoments
{
    /// <summary>Wraps a state without copying it.</summary>
    /// <param name="firstSample">Index of the shard's first sample; it fixes the order in which <see cref="MergeAll"/> adds.</param>
    /// <param name="count">Number of samples, at least 0.</param>
    /// <param name="mean">d numbers.</param>
    /// <param name="scatter">Row-major d x d, upper triangle; the part below the diagonal is ignored.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public GaussianMoments(long firstSample, long count, double[] mean, double[] scatter)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (mean.Length == 0 || scatter.LongLength != (long)mean.Length * mean.Length)
            throw new ArgumentException($"A mean of {mean.Length} numbers needs a {mean.Length} x {mean.Length} scatter, but it has {scatter.LongLength} numbers.", nameof(scatter));
        FirstSample = firstSample;
        Count = count;
        Mean = mean;
        Scatter = scatter;
    }

    /// <summary>Index of the shard's first sample.</summary>
    public long FirstSample { get; }

    /// <summary>Number of samples n.</summary>
    public long Count { get; }

    /// <summary>Mean, d numbers.</summary>
    public double[] Mean { get; }

    /// <summary>M, row-major d x d; only the upper triangle is meaningful.</summary>
    public double[] Scatter { get; }

    /// <summary>d.</summary>
    public int Dimensions => Mean.Length;

    /// <summary>The moments of two shards together. Merge(a, b) and Merge(b, a) have the same bits.</summary>
    public static GaussianMoments Merge(GaussianMoments a, GaussianMoments b)
    {
        RequireSameDimensions(a, b);
        var first = Math.Min(a.FirstSample, b.FirstSample);
        if (a.Count == 0) return new GaussianMoments(first, b.Count, b.Mean, b.Scatter);
        if (b.Count == 0) return new GaussianMoments(first, a.Count, a.Mean, a.Scatter);
        var (n, na, nb) = ((double)(a.Count + b.Count), (double)a.Count, (double)b.Count);
        var delta = Difference(b.Mean, a.Mean);
        var mean = new double[a.Dimensions];
        for (var i = 0; i < mean.Length; i++) mean[i] = ((na * a.Mean[i]) + (nb * b.Mean[i])) / n;
        return new GaussianMoments(first, a.Count + b.Count, mean, Combine(a.Scatter, b.Scatter, 1, delta, na * nb / n));
    }

    /// <summary>
    /// The moments of any number of shards. They are added in the order of <see cref="FirstSample"/>: the bits depend on how the samples
    /// were dealt out to shards, and on nothing else.
    /// </summary>
    /// <param name="shards">At least one; no two may start at the same sample.</param>
    public static GaussianMoments MergeAll(IEnumerable<GaussianMoments> shards)
    {
        var ordered = shards.OrderBy(shard => shard.FirstSample).ToArray();
        if (ordered.Length == 0) throw new ArgumentException("There are no shards to merge.", nameof(shards));
        for (var i = 1; i < ordered.Length; i++)
        {
            if (ordered[i].FirstSample == ordered[i - 1].FirstSample)
                throw new ArgumentException($"Two shards start at sample {ordered[i].FirstSample}; one of them would be counted twice.", nameof(shards));
        }

        return ordered.Aggregate(Merge);
    }

    /// <summary>The moments of the samples of this set that are not in <paramref name="part"/>, which must be a part of it.</summary>
    public GaussianMoments Without(GaussianMoments part)
    {
        RequireSameDimensions(this, part);
        if (part.Count > Count) throw new ArgumentException($"A part of {part.Count} samples cannot be taken out of {Count}.", nameof(part));
        if (part.Count == 0) return this;
        var (n, nb) = ((double)Count, (double)part.Count);
        var na = n - nb;
        if (na == 0) return new GaussianMoments(FirstSample, 0, new double[Dimensions], new double[Scatter.Length]);
        var mean = new double[Dimensions];
        for (var i = 0; i < mean.Length; i++) mean[i] = Mean[i] + ((Mean[i] - part.Mean[i]) * (nb / na));
        return new GaussianMoments(FirstSample, Count - part.Count, mean, Combine(Scatter, part.Scatter, -1, Difference(part.Mean, mean), -na * nb / n));
    }

    /// <summary>Mean and covariance M / (n - 1).</summary>
    /// <exception cref="InvalidOperationException">Fewer than two samples.</exception>
    public GaussianStatistics ToStatistics()
    {
        if (Count < 2) throw new InvalidOperationException($"A covariance needs at least two samples; there are {Count}.");
        var d = Dimensions;
        var covariance = new double[Scatter.Length];
        for (var i = 0; i < d; i++)
        {
            var start = (i * d) + i;
            TensorPrimitives.Divide(Scatter.AsSpan(start, d - i), Count - 1.0, covariance.AsSpan(start, d - i));
        }

        MirrorUpper(covariance, d);
        return GaussianStatistics.Trusted((double[])Mean.Clone(), covariance, Count);
    }

    private static void MirrorUpper(double[] matrix, int d)
    {
        const int Tile = 32;
        for (var top = 0; top < d; top += Tile)
        for (var left = top; left < d; left += Tile)
        for (var i = top; i < Math.Min(d, top + Tile); i++)
        for (var j = Math.Max(i + 1, left); j < Math.Min(d, left + Tile); j++)
            matrix[(j * d) + i] = matrix[(i * d) + j];
    }

    /// <summary>a + sign b + factor delta delta^T, upper triangle.</summary>
    private static double[] Combine(double[] a, double[] b, double sign, double[] delta, double factor)
    {
        var d = delta.Length;
        var result = new double[a.Length];
        for (var i = 0; i < d; i++)
        {
            var (start, scaled) = ((i * d) + i, factor * delta[i]);
            AddRow(a.AsSpan(start, d - i), b.AsSpan(start, d - i), sign, scaled, delta.AsSpan(i), result.AsSpan(start, d - i));
        }

        return result;
    }

    private static void AddRow(ReadOnlySpan<double> a, ReadOnlySpan<double> b, double sign, double scaled, ReadOnlySpan<double> delta, Span<double> to)
    {
        for (var j = 0; j < to.Length; j++) to[j] = a[j] + (sign * b[j]) + (scaled * delta[j]);
    }

    private static double[] Difference(double[] x, double[] y)
    {
        var difference = new double[x.Length];
        for (var i = 0; i < x.Length; i++) difference[i] = x[i] - y[i];
        return difference;
    }

    private static void RequireSameDimensions(GaussianMoments a, GaussianMoments b)
    {
        if (a.Dimensions != b.Dimensions)
            throw new ArgumentException($"Moments of {a.Dimensions} and of {b.Dimensions} dimensions cannot be combined; both must come from the same layer of the same network.");
    }
}
