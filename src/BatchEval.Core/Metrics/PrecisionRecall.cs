namespace BatchEval.Core.Metrics;

/// <summary>Result of <see cref="PrecisionRecall"/>; both in [0, 1].</summary>
/// <param name="Precision">Share of generated samples within a real sample's neighbourhood, with its binomial standard error.</param>
/// <param name="Recall">Share of real samples within a generated sample's neighbourhood, with its binomial standard error.</param>
internal sealed record PrecisionRecallResult(ScoreWithError Precision, ScoreWithError Recall)
{
    /// <summary>2 p r / max(1e-5, p + r), as torch-fidelity.</summary>
    public double F => 2 * Precision.Value * Recall.Value / Math.Max(1e-5, Precision.Value + Recall.Value);
}

/// <summary>
/// Improved precision and recall (Kynkaanniemi et al. 2019) in the convention of torch-fidelity and the guided-diffusion evaluator: squared Euclidean distances
/// (float64 here), radius = the (k + 1)-th smallest distance within the set, itself included, membership by &lt;=.
/// </summary>
internal static class PrecisionRecall
{
    /// <summary>Computes both.</summary>
    /// <param name="generated">Generated samples, at least k + 1.</param>
    /// <param name="real">Real samples, at least k + 1.</param>
    /// <param name="k">Neighbours, at least 1; 3 in all tools.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    public static PrecisionRecallResult Compute(FeatureMatrix generated, FeatureMatrix real, int k = 3, int degreeOfParallelism = 1)
    {
        FeatureMatrix.RequireSameDimensions(generated, real);
        var (generatedRadii, realRadii) = (NeighbourRadii.Squared(generated, k, degreeOfParallelism), NeighbourRadii.Squared(real, k, degreeOfParallelism));
        var (precise, recalled) = (new int[generated.Count], new int[real.Count]);
        PairwiseProducts.SquaredDistances(generated, real, degreeOfParallelism, (i, distances) =>
        {
            for (var j = 0; j < distances.Length; j++)
            {
                if (distances[j] <= realRadii[j]) precise[i] = 1;
                if (distances[j] <= generatedRadii[i]) Volatile.Write(ref recalled[j], 1);
            }
        });
        var method = $"k-nearest-neighbour manifold, k = {k}, membership <=; binomial standard error";
        return new PrecisionRecallResult(
            ScoreOf((double)precise.Sum() / generated.Count, generated.Count, method),
            ScoreOf((double)recalled.Sum() / real.Count, real.Count, method));
    }

    internal static ScoreWithError ScoreOf(double share, int count, string method) =>
        new(share, Math.Sqrt(share * (1 - share) / count), count, method);
}
