namespace BatchEval.Core.Metrics;

/// <summary>Result of <see cref="DensityCoverage"/>.</summary>
/// <param name="Density">At least 0, not bounded by 1; standard error over the generated samples.</param>
/// <param name="Coverage">In [0, 1]; binomial standard error over the real samples.</param>
internal sealed record DensityCoverageResult(ScoreWithError Density, ScoreWithError Coverage);

/// <summary>
/// Density and coverage (Naeem et al. 2020) in the convention of clovaai's prdc: real neighbourhoods with the (k + 1)-th smallest distance as radius,
/// itself included; density = (1 / k) mean over generated samples of the number of real neighbourhoods that hold them; coverage = share of real
/// samples whose nearest generated sample lies within their radius; both comparisons strict (&lt;).
/// </summary>
internal static class DensityCoverage
{
    /// <summary>Computes both.</summary>
    /// <param name="generated">Generated samples, at least 2.</param>
    /// <param name="real">Real samples, at least k + 1.</param>
    /// <param name="k">Neighbours, at least 1; 5 in prdc's example.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    public static DensityCoverageResult Compute(FeatureMatrix generated, FeatureMatrix real, int k = 5, int degreeOfParallelism = 1)
    {
        FeatureMatrix.RequireSameDimensions(generated, real);
        var radii = NeighbourRadii.Squared(real, k, degreeOfParallelism);
        var holders = new int[generated.Count];
        var covered = new int[real.Count];
        PairwiseProducts.SquaredDistances(generated, real, degreeOfParallelism, (i, distances) =>
        {
            for (var j = 0; j < radii.Length; j++)
            {
                if (!(distances[j] < radii[j])) continue;
                holders[i]++;
                Volatile.Write(ref covered[j], 1);
            }
        });
        var perSample = Array.ConvertAll(holders, h => (double)h / k);
        var density = perSample.Average();
        var variance = perSample.Sum(v => (v - density) * (v - density)) / Math.Max(1, generated.Count - 1);
        var method = $"k-nearest-neighbour balls of the real set, k = {k}, membership <";
        return new DensityCoverageResult(
            new ScoreWithError(density, Math.Sqrt(variance / generated.Count), generated.Count, method + "; standard error over generated samples"),
            PrecisionRecall.ScoreOf((double)covered.Sum() / real.Count, real.Count, method + "; binomial standard error"));
    }
}
