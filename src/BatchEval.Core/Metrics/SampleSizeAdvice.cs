namespace BatchEval.Core.Metrics;

/// <summary>What to tell people about Frechet distances of few samples.</summary>
public static class SampleSizeAdvice
{
    /// <summary>Samples from which published FIDs are usually computed.</summary>
    public const int CustomaryCount = 50_000;

    /// <summary>A warning in plain words, or null if the sample is large enough to be quoted.</summary>
    /// <param name="count">Generated samples, at least 0.</param>
    /// <param name="dimensions">Features per image, at least 1.</param>
    public static string? ForFrechetDistance(long count, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        const string Offer = "Compare only scores of the same sample count, or use KID (unbiased at any count) or FID-infinity.";
        if (count <= dimensions)
            return $"{count} samples in {dimensions} dimensions: the covariance is singular and the Frechet distance is far too high. {Offer}";
        return count < CustomaryCount
            ? $"{count} samples: the Frechet distance is biased upwards by an amount that falls like 1/n and depends on the model; published values use {CustomaryCount}. {Offer}"
            : null;
    }
}
