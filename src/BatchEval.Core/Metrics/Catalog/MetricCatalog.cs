using BatchEval.Core.Json;

namespace BatchEval.Core.Metrics.Catalog;

/// <summary>
/// All metrics, one row each. Runs, their objective, leaderboards, reports, the command line and the HTTP interface take everything that they know of a
/// metric from here; a new one is a row and the file that computes it.
/// </summary>
public static class MetricCatalog
{
    /// <summary>PSNR at which the mean over images stops growing, so that one equal pair does not make it infinite.</summary>
    public const double PsnrCap = 100;

    private const int KidSubset = 1000;
    private const int Splits = 10;
    private const int SsimWindow = 11;

    // The paper of FID-infinity asserts more than 5000 images; many samples per dimension make the line straight as well.
    private const int InfinityCount = 5000;
    private const int InfinityPerDimension = 10;

    private const MetricNeeds BothFeatures = MetricNeeds.Features | MetricNeeds.ReferenceFeatures;

    /// <summary>The rows, in the order in which they are shown.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        new("fid", "FID", false, MetricNeeds.ReferenceStatistics, 3) { IsStandard = true, OfSets = s => Frechet(s, s.Reference!, s.Features), HasControl = true },
        new("fid-held-out", "held-out FID", false, MetricNeeds.HeldOutStatistics, 3) { IsStandard = true, OfSets = s => Frechet(s, s.HeldOut!, s.Features), HasControl = true },
        new("fid-infinity", "FID∞", false, MetricNeeds.ReferenceStatistics | MetricNeeds.Features, 3) { OfSets = Infinity, MinimumSamples = d => Math.Min(InfinityCount + 1, InfinityPerDimension * d) },
        new("fid-second", "FID, second network", false, MetricNeeds.SecondFeatures, 3) { OfSets = s => Frechet(s, s.SecondReference!, s.SecondFeatures) },
        new("inception-score", "IS", true, MetricNeeds.Logits, 3) { OfSets = Inception, MinimumSamples = _ => Splits },
        new("kid", "KID", false, BothFeatures, 5) { OfSets = Kid },
        new("precision", "precision", true, BothFeatures, 4) { OfSets = s => s.OfNeighbours(r => r.Precision), MinimumSamples = _ => SampleSets.Neighbours + 1 },
        new("recall", "recall", true, BothFeatures, 4) { OfSets = s => s.OfNeighbours(r => r.Recall), MinimumSamples = _ => SampleSets.Neighbours + 1 },
        new("density", "density", true, BothFeatures, 4) { OfSets = s => s.OfDensities(r => r.Density), MinimumSamples = _ => SampleSets.DensityNeighbours + 1 },
        new("coverage", "coverage", true, BothFeatures, 4) { OfSets = s => s.OfDensities(r => r.Coverage), MinimumSamples = _ => SampleSets.DensityNeighbours + 1 },
        new("cmmd", "CMMD", false, BothFeatures, 4) { OfSets = s => Metrics.Cmmd.Compute(s.Limited.X, s.Limited.Y, s.Threads) },
        new("mind", "MIND", false, BothFeatures, 4) { OfSets = s => Metrics.Mind.Compute(s.Features!, s.ReferenceFeatures!, s.Seed, degreeOfParallelism: s.Threads) },
        new("psnr", "PSNR", true, MetricNeeds.Pairs, 2)
        {
            IsStandard = true, Unit = "dB", ReportKey = "psnr-mean-of-images", Cap = PsnrCap, OfPair = p => Psnr.OfImage(p.Image.Span, p.Reference.Span, p.Peak),
            Reduce = (values, _) => Mean([.. values.Select(v => Math.Min(v, PsnrCap))], $"PSNR, mean of per-image values capped at {PsnrCap} dB; standard error over images"),
        },
        new("psnr-pooled-error", "pooled PSNR", true, MetricNeeds.Pairs, 2) { Unit = "dB", PerImageOf = "psnr", Reduce = Pooled },
        new("ssim", "SSIM", true, MetricNeeds.Pairs, 4)
        {
            IsStandard = true, IsDetail = true, MinimumSide = SsimWindow, OfPair = p => Ssim.OfImage(p.Image.Span, p.Reference.Span, p.Shape, new SsimOptions(p.Peak)),
            Reduce = (values, _) => Mean(values, "SSIM, Gaussian window 11, sigma 1.5, per channel; standard error over images"),
        },
        new("ms-ssim", "MS-SSIM", true, MetricNeeds.Pairs, 4)
        {
            MinimumSide = SsimWindow << 4, OfPair = p => MultiScaleSsim.OfImage(p.Image.Span, p.Reference.Span, p.Shape, new SsimOptions(p.Peak)),
            Reduce = (values, _) => Mean(values, "MS-SSIM, five scales; standard error over images"),
        },
        new("lpips", "LPIPS", false, MetricNeeds.Pairs | MetricNeeds.PerceptualNetwork, 4) { IsStandard = true, Reduce = (values, _) => Mean(values, "LPIPS; standard error over images") },
        new("pixel-mean", "mean pixel", false, MetricNeeds.Images, 1) { OfImage = PixelStatistics.Mean, Reduce = (values, _) => Mean(values, "mean of all values, 0 to 255; standard error over images") },
        new("contrast", "contrast", false, MetricNeeds.Images, 1) { OfImage = PixelStatistics.Deviation, Reduce = (values, _) => Mean(values, "mean standard deviation within an image, 0 to 255; standard error over images") },
        new("clip-score", "CLIP score", true, MetricNeeds.Prompts, 2) { Reduce = (values, _) => Mean(values, "CLIP score, 100 max(cos, 0) of image and prompt; standard error over images") },
    ];

    public static IReadOnlyList<string> Keys { get; } = [.. All.Select(m => m.Key)];

    /// <summary>A row by its key, or by the key that reports have for it.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Metric Find(string key) => All.FirstOrDefault(m => m.Key == key || m.ReportKey == key)
        ?? throw new ArgumentException($"Unknown metric '{key}'. Known: {string.Join(", ", Keys)}.", nameof(key));

    /// <summary>The row whose values a network of a kind gives.</summary>
    public static Metric OfNetwork(MetricNeeds network) => All.Single(m => m.Needs.HasFlag(network));

    /// <summary>Values of a pair of images by every metric of pairs that is no network's and that their size allows.</summary>
    public static IEnumerable<(Metric Metric, double Value)> OfPair(ImagePair pair) =>
        All.Where(m => m.OfPair is not null && m.Allows(pair.Shape.Height, pair.Shape.Width)).Select(m => (m, m.OfPair!(pair)));

    public static MetricOutcome Compute(Metric metric, SampleSets sets)
    {
        try
        {
            return sets.Missing(metric.Needs) is { } reason ? MetricOutcome.Without(reason) : metric.OfSets!(sets);
        }
        catch (ArgumentException error)
        {
            return MetricOutcome.Without(ErrorText.Of(error));
        }
    }

    private static MetricOutcome Frechet(SampleSets sets, FrechetReference reference, FeatureMatrix? all)
    {
        if (all is not { } features)
        {
            var statistics = sets.Statistics!;
            return new ScoreWithError(reference.DistanceTo(statistics), double.NaN, statistics.Count, "Frechet distance; no standard error: it needs features");
        }

        if (sets.Control is { } control)
        {
            return new ScoreWithError(reference.DistanceToEstimate(control.Correct(MomentAccumulator.Of(features).ToStatistics())), double.NaN, features.Count, "Frechet distance of moments with a control variate");
        }

        return sets.WithErrors && FrechetJackknife.GroupsFor(features.Count) is { } groups
            ? FrechetJackknife.Estimate(reference, features, groups)
            : new ScoreWithError(reference.DistanceTo(features), double.NaN, features.Count, $"Frechet distance; no standard error{(sets.WithErrors ? ": too few samples" : string.Empty)}");
    }

    private static MetricOutcome Infinity(SampleSets sets)
    {
        var (features, d) = (sets.Features!, sets.Reference!.Dimensions);
        return features.Count <= InfinityCount && features.Count < InfinityPerDimension * d
            ? MetricOutcome.Without($"needs more than {InfinityCount} samples, or {InfinityPerDimension} per dimension ({InfinityPerDimension * d}); there are {features.Count}.")
            : FrechetInfinity.Estimate(sets.Reference, features, new FrechetInfinityOptions(sets.Seed));
    }

    private static MetricOutcome Inception(SampleSets sets) => sets.Logits!.Count < Splits
        ? MetricOutcome.Without($"needs at least {Splits} samples.")
        : InceptionScore.FromLogits(sets.Logits, Splits, sets.Seed).Score;

    private static MetricOutcome Kid(SampleSets sets)
    {
        var (x, y) = (sets.Features!, sets.ReferenceFeatures!);
        return Math.Min(x.Count, y.Count) > KidSubset
            ? KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(sets.Seed, SubsetSize: KidSubset), sets.Threads).Score
            : KernelInceptionDistance.Estimate(x, y, degreeOfParallelism: sets.Threads);
    }

    // The squared error of all pixels, in units of the peak: images count by their size.
    private static ScoreWithError Pooled(IReadOnlyList<double> psnrs, IReadOnlyList<int> sizes)
    {
        var errors = psnrs.Zip(sizes, (psnr, size) => size * Math.Pow(10, -psnr / 10)).Sum();
        return new ScoreWithError(psnrs.Count == 0 ? double.NaN : Psnr.FromMeanSquaredError(errors / sizes.Sum(s => (long)s), 1), double.NaN, psnrs.Count, "PSNR of the pooled squared error");
    }

    private static ScoreWithError Mean(IReadOnlyList<double> values, string method)
    {
        if (values.Count == 0)
        {
            return new ScoreWithError(double.NaN, double.NaN, 0, method);
        }

        var mean = values.Average();
        var error = values.Count < 2 ? 0 : Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count);
        return new ScoreWithError(mean, error, values.Count, method);
    }
}
