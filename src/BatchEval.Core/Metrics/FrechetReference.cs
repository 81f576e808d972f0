namespace BatchEval.Core.Metrics;

/// <summary>
/// One side of a Frechet distance, factored once and compared with many candidates:
/// FID = |mu_1 - mu_2|^2 + tr Sigma_1 + tr Sigma_2 - 2 tr (Sigma_1 Sigma_2)^(1/2) (Heusel et al. 2017).
/// With n - 1 &lt; d samples the trace is the sum of the singular values of C F / sqrt(n - 1), exact and without a d x d root
/// (after Mathiasen and Hvilshoj 2020); otherwise it is the sum of the roots of the eigenvalues of F^T Sigma F, clamped at 0.
/// No epsilon is added to any matrix and no complex number occurs.
/// </summary>
public sealed class FrechetReference
{
    private readonly CovarianceFactor factor;
    private readonly int degreeOfParallelism;

    /// <summary>Factors the covariance of the reference.</summary>
    /// <param name="statistics">Mean and covariance of the reference set.</param>
    /// <param name="degreeOfParallelism">Threads to use at most, here and in the distances; results do not depend on it.</param>
    /// <exception cref="ArgumentException">The covariance is not positive semidefinite.</exception>
    public FrechetReference(GaussianStatistics statistics, int degreeOfParallelism = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreeOfParallelism, 1);
        Statistics = statistics;
        this.degreeOfParallelism = degreeOfParallelism;
        factor = new CovarianceFactor(statistics, degreeOfParallelism);
    }

    /// <summary>Mean and covariance of the reference set.</summary>
    public GaussianStatistics Statistics { get; }

    /// <summary>d.</summary>
    public int Dimensions => Statistics.Dimensions;

    internal CovarianceFactor Factor => factor;

    internal int DegreeOfParallelism => degreeOfParallelism;

    /// <summary>Frechet distance to a set of samples, at least 0.</summary>
    /// <param name="features">At least two rows of d features.</param>
    public double DistanceTo(FeatureMatrix features)
    {
        RequireDimensions(features?.Dimensions ?? throw new ArgumentNullException(nameof(features)));
        return UsesGramRoute(features.Count)
            ? DistanceByGram(features)
            : DistanceTo(MomentAccumulator.Of(features, degreeOfParallelism).ToStatistics());
    }

    /// <summary>Frechet distance to a mean and covariance, at least 0; exactly 0 for the same numbers.</summary>
    public double DistanceTo(GaussianStatistics statistics) => DistanceTo(statistics, degreeOfParallelism);

    /// <summary>Distance to moments whose covariance is an estimate that may have small negative eigenvalues (<see cref="ControlledMoments"/>); they count as 0.</summary>
    public double DistanceToEstimate(GaussianStatistics statistics)
    {
        RequireDimensions(statistics.Dimensions);
        var root = factor.EigenvaluesWith(statistics, degreeOfParallelism).Sum(lambda => Math.Sqrt(Math.Max(0, lambda)));
        return Assemble(SquaredDistance(statistics.Mean), statistics.Trace, root);
    }

    internal double DistanceTo(GaussianStatistics statistics, int threads)
    {
        RequireDimensions(statistics.Dimensions);
        if (statistics.Mean.AsSpan().SequenceEqual(Statistics.Mean) && statistics.Covariance.AsSpan().SequenceEqual(Statistics.Covariance)) return 0;
        var root = 0.0;
        foreach (var lambda in Eigenvalues(statistics, threads)) root += Math.Sqrt(Math.Max(0, lambda));
        return Assemble(SquaredDistance(statistics.Mean), statistics.Trace, root);
    }

    /// <summary>
    /// Eigenvalues whose roots add up to the trace, from the factor of the smaller rank: it leaves none that are zero by construction, and the root of the
    /// rounding error of a zero would be the largest error of the score. The candidate is factored only if it can have the smaller rank.
    /// </summary>
    private double[] Eigenvalues(GaussianStatistics statistics, int threads)
    {
        const double MachineEpsilon = 2.220446049250313e-16;
        var fewSamples = statistics.Count > 0 && UsesGramRoute(statistics.Count);
        if (!fewSamples)
        {
            var eigenvalues = factor.EigenvaluesWith(statistics, threads);
            if (eigenvalues.Length == 0 || eigenvalues[0] > eigenvalues.Length * MachineEpsilon * eigenvalues[^1]) return eigenvalues;
            var candidate = new CovarianceFactor(statistics, threads);
            return candidate.Rank < factor.Rank ? candidate.EigenvaluesWith(Statistics, threads) : eigenvalues;
        }

        var few = new CovarianceFactor(statistics, threads);
        return few.Rank < factor.Rank ? few.EigenvaluesWith(Statistics, threads) : factor.EigenvaluesWith(statistics, threads);
    }

    internal bool UsesGramRoute(long count) => count - 1 < Dimensions;

    internal double DistanceByGram(FeatureMatrix features)
    {
        var centred = CentredFeatures.Of(features);
        var w = factor.Project(centred.Contrasts, centred.Count - 1, degreeOfParallelism);
        var root = CentredFeatures.SumOfSingularValues(w, centred.Count - 1, factor.Rank, degreeOfParallelism) / Math.Sqrt(centred.Count - 1);
        return Assemble(SquaredDistance(centred.Mean), centred.Trace, root);
    }

    internal double Assemble(double squaredMeanDistance, double trace, double traceOfRoot) =>
        Math.Max(0, squaredMeanDistance + (Statistics.Trace + trace - (2 * traceOfRoot)));

    internal double SquaredDistance(ReadOnlySpan<double> mean)
    {
        var sum = 0.0;
        for (var i = 0; i < mean.Length; i++) sum += (mean[i] - Statistics.Mean[i]) * (mean[i] - Statistics.Mean[i]);
        return sum;
    }

    internal void RequireDimensions(int dimensions)
    {
        if (dimensions != Dimensions)
            throw new ArgumentException($"The reference has {Dimensions} dimensions and the candidate has {dimensions}; both must come from the same layer of the same network.");
    }
}
