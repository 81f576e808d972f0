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

    private readonly MeasuredSet _generated;
    private readonly MeasuredSet _reference;
    private readonly DistributionOptions _options;
    private readonly ScoreProvenance _provenance;
    private readonly ReportBuilder _report = new();

    private DistributionMetrics(MeasuredSet generated, MeasuredSet reference, DistributionOptions options)
    {
        (_generated, _reference, _options) = (generated, reference, options);
        StatisticsTags? tags = generated.Tags ?? reference.Tags;
        _provenance = new ScoreProvenance(string.Empty, tags?.Preprocessing ?? Unknown, tags?.Network ?? Unknown, reference.Digest);
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
        return self._report.Build();
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
        var reference = new FrechetReference(_reference.Statistics, _options.Threads);
        int d = reference.Dimensions;
        _report.Add(MetricNames.Fid, Frechet(reference), _provenance);
        long count = _generated.Count;
        _report.Warn(count > 0 ? SampleSizeAdvice.ForFrechetDistance(count, d) : null);
        if (_reference.Count > 0 && _reference.Count <= d)
        {
            _report.Warn($"The reference has {_reference.Count} samples in {d} dimensions: its covariance is singular, and the Frechet distance is too high.");
        }

        foreach (MeasuredSet side in new[] { _generated, _reference }.Where(side => side.Tags is null))
        {
            _report.Warn($"'{side.Name}' does not say which network and preprocessing it was computed with; that they agree could not be checked.");
        }

        if (_generated.Features is not { } features)
        {
            _report.Skip(MetricNames.FidInfinity, "needs the generated images or their features.");
        }
        else if (features.Count <= InfinityCount && features.Count < InfinityPerDimension * d)
        {
            _report.Skip(MetricNames.FidInfinity, $"needs more than {InfinityCount} samples, or {InfinityPerDimension} per dimension ({InfinityPerDimension * d}); there are {features.Count}.");
        }
        else
        {
            _report.Add(MetricNames.FidInfinity, FrechetInfinity.Estimate(reference, features, new FrechetInfinityOptions(_options.Seed)), _provenance);
        }
    }

    private ScoreWithError Frechet(FrechetReference reference)
    {
        const int Groups = FrechetJackknife.DefaultGroups;
        if (_generated.Features is { Count: >= 2 * Groups } features)
        {
            return FrechetJackknife.Estimate(reference, features);
        }

        double value = _generated.Features is { } few ? reference.DistanceTo(few) : reference.DistanceTo(_generated.Statistics);
        return new ScoreWithError(value, double.NaN, _generated.Count, $"Frechet distance; no standard error: it needs features of at least {2 * Groups} samples");
    }

    private void AddInceptionScore()
    {
        if (_generated.Logits is not { } logits)
        {
            _report.Skip(MetricNames.InceptionScore, "needs generated images and a network that gives class scores.");
        }
        else if (logits.Count < Splits)
        {
            _report.Skip(MetricNames.InceptionScore, $"needs at least {Splits} samples.");
        }
        else
        {
            // The score does not look at the reference.
            _report.Add(MetricNames.InceptionScore, InceptionScore.FromLogits(logits, Splits, _options.Seed).Score, _provenance with { ReferenceDigest = string.Empty });
        }
    }

    private void AddFeatureMetrics()
    {
        if (_generated.Features is not { } x || _reference.Features is not { } y)
        {
            const string Reason = "needs images or features on both sides; statistics hold mean and covariance only.";
            string[] names = [MetricNames.Kid, MetricNames.Precision, MetricNames.Recall, MetricNames.Density, MetricNames.Coverage, MetricNames.Cmmd, MetricNames.Mind];
            Array.ForEach(names, name => _report.Skip(name, Reason));
            return;
        }

        int smaller = Math.Min(x.Count, y.Count);
        _report.Add(
            MetricNames.Kid,
            smaller > KidSubset
                ? KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(_options.Seed, SubsetSize: KidSubset), _options.Threads).Score
                : KernelInceptionDistance.Estimate(x, y, degreeOfParallelism: _options.Threads),
            _provenance);
        (FeatureMatrix few, FeatureMatrix others) = (Limited(x, 0), Limited(y, 1));
        AddNeighbourhoods(few, others);
        AddCmmd(few, others);
        _report.Add(MetricNames.Mind, Mind.Compute(x, y, _options.Seed, degreeOfParallelism: _options.Threads), _provenance);
    }

    private void AddNeighbourhoods(FeatureMatrix x, FeatureMatrix y)
    {
        int smaller = Math.Min(x.Count, y.Count);
        if (smaller > Neighbours)
        {
            PrecisionRecallResult result = PrecisionRecall.Compute(x, y, Neighbours, _options.Threads);
            _report.Add(MetricNames.Precision, result.Precision, _provenance);
            _report.Add(MetricNames.Recall, result.Recall, _provenance);
        }
        else
        {
            Array.ForEach([MetricNames.Precision, MetricNames.Recall], name => _report.Skip(name, $"needs more than {Neighbours} samples on each side."));
        }

        if (smaller > DensityNeighbours)
        {
            DensityCoverageResult result = DensityCoverage.Compute(x, y, DensityNeighbours, _options.Threads);
            _report.Add(MetricNames.Density, result.Density, _provenance);
            _report.Add(MetricNames.Coverage, result.Coverage, _provenance);
        }
        else
        {
            Array.ForEach([MetricNames.Density, MetricNames.Coverage], name => _report.Skip(name, $"needs more than {DensityNeighbours} samples on each side."));
        }
    }

    private void AddCmmd(FeatureMatrix x, FeatureMatrix y)
    {
        try
        {
            _report.Add(MetricNames.Cmmd, Cmmd.Compute(x, y, _options.Threads), _provenance);
        }
        catch (ArgumentException error)
        {
            _report.Skip(MetricNames.Cmmd, error.Message.Split(" (Parameter")[0]);
        }
    }

    private FeatureMatrix Limited(FeatureMatrix x, int side)
    {
        if (x.Count <= _options.PairLimit)
        {
            return x;
        }

        _report.Warn($"Precision, recall, density, coverage and CMMD look at all pairs and were computed from {_options.PairLimit} samples per side, drawn with seed {_options.Seed}.");
        int[] rows = [.. Enumerable.Range(0, x.Count)];
        new PhiloxStream(_options.Seed, LimitStream + (ulong)side).PartialShuffle<int>(rows, _options.PairLimit);
        return x.Select(rows.AsSpan(0, _options.PairLimit));
    }
}
