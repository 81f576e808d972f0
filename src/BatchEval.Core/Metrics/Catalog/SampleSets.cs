using BatchEval.Core.Randomness;

namespace BatchEval.Core.Metrics.Catalog;

/// <summary>A set of generated images and what it is compared with, as features; what several metrics share is computed once.</summary>
public sealed class SampleSets
{
    private const ulong LimitStream = 0x11A1_7000;
    internal const int Neighbours = 3;
    internal const int DensityNeighbours = 5;
    private readonly Lazy<(FeatureMatrix X, FeatureMatrix Y)> limited;
    private readonly Lazy<PrecisionRecallResult?> precisionRecall;
    private readonly Lazy<DensityCoverageResult?> densityCoverage;

    /// <summary>Creates the sets; nothing is computed yet.</summary>
    public SampleSets()
    {
        limited = new(() => (Limit(Features!, 0), Limit(ReferenceFeatures!, 1)));
        precisionRecall = new(() => HasMoreThan(Neighbours) ? Metrics.PrecisionRecall.Compute(limited.Value.X, limited.Value.Y, Neighbours, Threads) : null);
        densityCoverage = new(() => HasMoreThan(DensityNeighbours) ? Metrics.DensityCoverage.Compute(limited.Value.X, limited.Value.Y, DensityNeighbours, Threads) : null);
    }

    /// <summary>Features of the generated images, or null where only statistics are known.</summary>
    public FeatureMatrix? Features { get; init; }

    /// <summary>Mean and covariance of the generated images' features, where the features are not known.</summary>
    public GaussianStatistics? Statistics { get; init; }

    /// <summary>Class scores of the generated images, or null.</summary>
    public FeatureMatrix? Logits { get; init; }

    /// <summary>Mean and covariance of the reference.</summary>
    public FrechetReference? Reference { get; init; }

    /// <summary>Mean and covariance of images that were never trained on.</summary>
    public FrechetReference? HeldOut { get; init; }

    public FeatureMatrix? ReferenceFeatures { get; init; }

    /// <summary>Features of the generated images by another network, or null.</summary>
    public FeatureMatrix? SecondFeatures { get; init; }

    /// <summary>Mean and covariance of the reference's features by that network, or null.</summary>
    public FrechetReference? SecondReference { get; init; }

    public ulong Seed { get; init; }

    /// <summary>Threads to use at most; the scores do not depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Samples per side from which metrics that look at all pairs are computed at most.</summary>
    public int PairLimit { get; init; } = 10_000;

    /// <summary>False where only values matter, as in a search.</summary>
    public bool WithErrors { get; init; } = true;

    /// <summary>Control variate of the generated images' moments, or null.</summary>
    public ControlledMoments? Control { get; init; }

    /// <summary>Both sides, drawn down to <see cref="PairLimit"/>.</summary>
    internal (FeatureMatrix X, FeatureMatrix Y) Limited => limited.Value;

    internal MetricOutcome OfNeighbours(Func<PrecisionRecallResult, ScoreWithError> select) =>
        precisionRecall.Value is { } result ? select(result) : MetricOutcome.Without($"needs more than {Neighbours} samples on each side.");

    internal MetricOutcome OfDensities(Func<DensityCoverageResult, ScoreWithError> select) =>
        densityCoverage.Value is { } result ? select(result) : MetricOutcome.Without($"needs more than {DensityNeighbours} samples on each side.");

    /// <summary>Why a metric of sets cannot be computed from these, or null.</summary>
    internal string? Missing(MetricNeeds needs) =>
        needs.HasFlag(MetricNeeds.ReferenceStatistics) && Reference is null ? "needs reference statistics."
        : needs.HasFlag(MetricNeeds.HeldOutStatistics) && HeldOut is null ? "needs statistics of images that were never trained on."
        : needs.HasFlag(MetricNeeds.ReferenceFeatures) && (Features is null || ReferenceFeatures is null) ? "needs images or features on both sides; statistics hold mean and covariance only."
        : needs.HasFlag(MetricNeeds.Features) && Features is null ? "needs the generated images or their features."
        : needs.HasFlag(MetricNeeds.SecondFeatures) && (SecondFeatures is null || SecondReference is null) ? "needs a second feature network, and images or their features by it on both sides."
        : needs.HasFlag(MetricNeeds.Logits) && Logits is null ? "needs generated images and a network that gives class scores."
        : null;

    private bool HasMoreThan(int samples) => Math.Min(Limited.X.Count, Limited.Y.Count) > samples;

    private FeatureMatrix Limit(FeatureMatrix x, int side)
    {
        if (x.Count <= PairLimit)
        {
            return x;
        }

        int[] rows = [.. Enumerable.Range(0, x.Count)];
        new PhiloxStream(Seed, LimitStream + (ulong)side).PartialShuffle<int>(rows, PairLimit);
        return x.Select(rows.AsSpan(0, PairLimit));
    }
}
