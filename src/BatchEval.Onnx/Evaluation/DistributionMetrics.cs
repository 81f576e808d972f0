using BatchEval.Core.Json;
using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Evaluation;

/// <summary>Settings of <see cref="DistributionMetrics"/>.</summary>
/// <param name="Seed">Seed of all draws.</param>
/// <param name="Threads">Threads to use at most; the scores do not depend on it.</param>
/// <param name="PairLimit">Samples per side from which the metrics that look at all pairs (precision to coverage, CMMD) are computed at most.</param>
public sealed record DistributionOptions(ulong Seed = 0, int Threads = 1, int PairLimit = 10_000);

/// <summary>All distribution metrics that two sets allow.</summary>
public sealed class DistributionMetrics
{
    private const string Unknown = "unknown";
    private const ulong LimitStream = 0x11A1_7000;
    private const int KidSubset = 1000;
    private const int Neighbours = 3;
    private const int DensityNeighbours = 5;
    private const int Splits = 10;

    // The paper asserts more than 5000 images; many samples per dimension make the line straight as well.
    private const int InfinityCount = 5000;
    private const int InfinityPerDimension = 10;

    private readonly MeasuredSet generated;
    private readonly MeasuredSet reference;
    private readonly DistributionOptions options;
    private readonly ScoreProvenance provenance;
    private readonly ReportBuilder report = new();

    private DistributionMetrics(MeasuredSet generated, MeasuredSet reference, DistributionOptions options)
    {
        (this.generated, this.reference, this.options) = (generated, reference, options);
        StatisticsTags? tags = generated.Tags ?? reference.Tags;
        provenance = new ScoreProvenance(string.Empty, tags?.Preprocessing ?? Unknown, tags?.Network ?? Unknown, reference.Digest);
    }

    /// <summary>Computes everything that the sets allow; the rest is listed with the reason.</summary>
    /// <exception cref="ProblemException">The sets come from different networks or preprocessing, and cannot be compared.</exception>
    public static MetricReport Compute(MeasuredSet generated, MeasuredSet reference, DistributionOptions options)
    {
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(options);
        RequireComparable(generated, reference);
        var self = new DistributionMetrics(generated, reference, options);
        self.AddFrechet();
        self.AddInceptionScore();
        self.AddFeatureMetrics();
        return self.report.Build();
    }

    private static void RequireComparable(MeasuredSet a, MeasuredSet b)
    {
        if (a.Statistics.Dimensions != b.Statistics.Dimensions)
        {
            throw new ProblemException($"'{a.Name}' has {a.Statistics.Dimensions} features per image and '{b.Name}' has {b.Statistics.Dimensions}; both must come from the same layer of the same network.");
        }

        if (a.Tags is { } x && b.Tags is { } y
            && new ScoreProvenance(string.Empty, x.Preprocessing, x.Network, string.Empty).ReasonNotComparable(new ScoreProvenance(string.Empty, y.Preprocessing, y.Network, string.Empty)) is { } reason)
        {
            throw new ProblemException($"'{a.Name}' and '{b.Name}': {reason} Compute both with the same package and resize.");
        }
    }

    private void AddFrechet()
    {
        var reference = new FrechetReference(this.reference.Statistics, options.Threads);
        int d = reference.Dimensions;
        report.Add(MetricNames.Fid, Frechet(reference), provenance);
        long count = generated.Count;
        report.Warn(count > 0 ? SampleSizeAdvice.ForFrechetDistance(count, d) : null);
        if (this.reference.Count > 0 && this.reference.Count <= d)
        {
            report.Warn($"The reference has {this.reference.Count} samples in {d} dimensions: its covariance is singular, and the Frechet distance is too high.");
        }

        foreach (MeasuredSet side in new[] { generated, this.reference }.Where(side => side.Tags is null))
        {
            report.Warn($"'{side.Name}' does not say which network and preprocessing it was computed with; that they agree could not be checked.");
        }

        if (generated.Features is not { } features)
        {
            report.Skip(MetricNames.FidInfinity, "needs the generated images or their features.");
        }
        else if (features.Count <= InfinityCount && features.Count < InfinityPerDimension * d)
        {
            report.Skip(MetricNames.FidInfinity, $"needs more than {InfinityCount} samples, or {InfinityPerDimension} per dimension ({InfinityPerDimension * d}); there are {features.Count}.");
        }
        else
        {
            report.Add(MetricNames.FidInfinity, FrechetInfinity.Estimate(reference, features, new FrechetInfinityOptions(options.Seed)), provenance);
        }
    }

    private ScoreWithError Frechet(FrechetReference reference)
    {
        const int Groups = FrechetJackknife.DefaultGroups;
        if (generated.Features is { Count: >= 2 * Groups } features)
        {
            return FrechetJackknife.Estimate(reference, features);
        }

        double value = generated.Features is { } few ? reference.DistanceTo(few) : reference.DistanceTo(generated.Statistics);
        return new ScoreWithError(value, double.NaN, generated.Count, $"Frechet distance; no standard error: it needs features of at least {2 * Groups} samples");
    }

    private void AddInceptionScore()
    {
        if (generated.Logits is not { } logits)
        {
            report.Skip(MetricNames.InceptionScore, "needs generated images and a network that gives class scores.");
        }
        else if (logits.Count < Splits)
        {
            report.Skip(MetricNames.InceptionScore, $"needs at least {Splits} samples.");
        }
        else
        {
            // The score does not look at the reference.
            report.Add(MetricNames.InceptionScore, InceptionScore.FromLogits(logits, Splits, options.Seed).Score, provenance with { ReferenceDigest = string.Empty });
        }
    }

    private void AddFeatureMetrics()
    {
        if (generated.Features is not { } x || reference.Features is not { } y)
        {
            const string Reason = "needs images or features on both sides; statistics hold mean and covariance only.";
            string[] names = [MetricNames.Kid, MetricNames.Precision, MetricNames.Recall, MetricNames.Density, MetricNames.Coverage, MetricNames.Cmmd, MetricNames.Mind];
            Array.ForEach(names, name => report.Skip(name, Reason));
            return;
        }

        int smaller = Math.Min(x.Count, y.Count);
        report.Add(
            MetricNames.Kid,
            smaller > KidSubset
                ? KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(options.Seed, SubsetSize: KidSubset), options.Threads).Score
                : KernelInceptionDistance.Estimate(x, y, degreeOfParallelism: options.Threads),
            provenance);
        (FeatureMatrix few, FeatureMatrix others) = (Limited(x, 0), Limited(y, 1));
        AddNeighbourhoods(few, others);
        AddCmmd(few, others);
        report.Add(MetricNames.Mind, Mind.Compute(x, y, options.Seed, degreeOfParallelism: options.Threads), provenance);
    }

    private void AddNeighbourhoods(FeatureMatrix x, FeatureMatrix y)
    {
        int smaller = Math.Min(x.Count, y.Count);
        if (smaller > Neighbours)
        {
            PrecisionRecallResult result = PrecisionRecall.Compute(x, y, Neighbours, options.Threads);
            report.Add(MetricNames.Precision, result.Precision, provenance);
            report.Add(MetricNames.Recall, result.Recall, provenance);
        }
        else
        {
            Array.ForEach([MetricNames.Precision, MetricNames.Recall], name => report.Skip(name, $"needs more than {Neighbours} samples on each side."));
        }

        if (smaller > DensityNeighbours)
        {
            DensityCoverageResult result = DensityCoverage.Compute(x, y, DensityNeighbours, options.Threads);
            report.Add(MetricNames.Density, result.Density, provenance);
            report.Add(MetricNames.Coverage, result.Coverage, provenance);
        }
        else
        {
            Array.ForEach([MetricNames.Density, MetricNames.Coverage], name => report.Skip(name, $"needs more than {DensityNeighbours} samples on each side."));
        }
    }

    private void AddCmmd(FeatureMatrix x, FeatureMatrix y)
    {
        try
        {
            report.Add(MetricNames.Cmmd, Cmmd.Compute(x, y, options.Threads), provenance);
        }
        catch (ArgumentException error)
        {
            report.Skip(MetricNames.Cmmd, error.Message.Split(" (Parameter")[0]);
        }
    }

    private FeatureMatrix Limited(FeatureMatrix x, int side)
    {
        if (x.Count <= options.PairLimit)
        {
            return x;
        }

        report.Warn($"Precision, recall, density, coverage and CMMD look at all pairs and were computed from {options.PairLimit} samples per side, drawn with seed {options.Seed}.");
        int[] rows = [.. Enumerable.Range(0, x.Count)];
        new PhiloxStream(options.Seed, LimitStream + (ulong)side).PartialShuffle<int>(rows, options.PairLimit);
        return x.Select(rows.AsSpan(0, options.PairLimit));
    }
}
