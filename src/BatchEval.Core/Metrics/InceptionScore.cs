using BatchEval.Core.Randomness;

namespace BatchEval.Core.Metrics;

/// <summary>Result of <see cref="InceptionScore"/>.</summary>
/// <param name="Score">Mean over splits; at least 1. Standard error: standard deviation (ddof = 1) over splits / sqrt(splits), NaN for one split.</param>
/// <param name="StandardDeviation">Standard deviation over splits, ddof = 0: what torch-fidelity reports.</param>
internal sealed record InceptionScoreResult(ScoreWithError Score, double StandardDeviation);

/// <summary>
/// Inception score (Salimans et al. 2016): exp of the mean Kullback-Leibler divergence between p(y|x) and the mean p(y) of its split.
/// Softmax and sums in float64; splits [i n / s, (i + 1) n / s), as in torch-fidelity.
/// </summary>
internal static class InceptionScore
{
    private const ulong ShuffleStream = 0x15C0_0000;

    /// <summary>Computes the score from class logits.</summary>
    /// <param name="logits">One row of logits per image (1008 for the 2015 Inception graph); torch-fidelity uses 'logits_unbiased'.</param>
    /// <param name="splits">1 to the number of images; 10 in torch-fidelity. (The guided-diffusion evaluator uses splits of 5000 images.)</param>
    /// <param name="shuffleSeed">Seed to shuffle the images before splitting, or null to keep their order.</param>
    public static InceptionScoreResult FromLogits(FeatureMatrix logits, int splits = 10, ulong? shuffleSeed = null)
    {
        var n = logits.Count;
        if (splits < 1 || splits > n) throw new ArgumentOutOfRangeException(nameof(splits), splits, $"The number of splits must be from 1 to the number of images, {n}.");
        var order = Enumerable.Range(0, n).ToArray();
        if (shuffleSeed is { } seed) new PhiloxStream(seed, ShuffleStream).PartialShuffle<int>(order, n);
        var scores = new double[splits];
        for (var s = 0; s < splits; s++)
        {
            var (start, end) = ((int)((long)s * n / splits), (int)((long)(s + 1) * n / splits));
            scores[s] = ScoreOfSplit(logits, order.AsSpan(start, end - start));
        }

        var mean = scores.Average();
        var variance = scores.Sum(v => (v - mean) * (v - mean)) / splits;
        var error = splits == 1 ? double.NaN : Math.Sqrt(variance / (splits - 1));
        var shuffled = shuffleSeed is { } used ? $"shuffled with seed {used}" : "in sample order";
        return new InceptionScoreResult(new ScoreWithError(mean, error, n, $"Inception score, {splits} splits {shuffled}; standard error over splits"), Math.Sqrt(variance));
    }

    private static double ScoreOfSplit(FeatureMatrix logits, ReadOnlySpan<int> rows)
    {
        // mean_x KL(p(.|x), p) = mean_x sum_y p(y|x) log p(y|x) - sum_y p(y) log p(y), with p the mean of p(.|x).
        var marginal = new double[logits.Dimensions];
        var p = new double[logits.Dimensions];
        var negativeEntropy = 0.0;
        foreach (var row in rows)
        {
            negativeEntropy += Softmax(logits.Row(row), p);
            for (var y = 0; y < p.Length; y++) marginal[y] += p[y];
        }

        var divergence = negativeEntropy / rows.Length;
        foreach (var sum in marginal)
        {
            var probability = sum / rows.Length;
            if (probability > 0) divergence -= probability * Math.Log(probability);
        }

        return Math.Exp(Math.Max(0, divergence));
    }

    /// <summary>Fills <paramref name="p"/> and returns sum p log p.</summary>
    private static double Softmax(ReadOnlySpan<float> logits, double[] p)
    {
        double largest = float.NegativeInfinity;
        foreach (var logit in logits) largest = Math.Max(largest, logit);
        var sum = 0.0;
        for (var y = 0; y < p.Length; y++) sum += p[y] = Math.Exp(logits[y] - largest);
        var (logSum, negativeEntropy) = (Math.Log(sum), 0.0);
        for (var y = 0; y < p.Length; y++)
        {
            p[y] /= sum;
            negativeEntropy += p[y] * (logits[y] - largest - logSum);
        }

        return negativeEntropy;
    }
}
