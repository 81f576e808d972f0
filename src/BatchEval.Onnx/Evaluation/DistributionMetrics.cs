using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Onnx.Evaluation;

/// <summary>Settings of <see cref="DistributionMetrics"/>.</summary>
/// <param name="Threads">Threads to use at most; the scores do not depend on it.</param>
/// <param name="PairLimit">Samples per side from which the metrics that look at all pairs (precision to coverage, CMMD) are computed at most.</param>
public sealed record DistributionOptions(ulong Seed = 0, int Threads = 1, int PairLimit = 10_000);

/// <summary>All metrics of two sets of images that the sets allow.</summary>
public static class DistributionMetrics
{
    private const string Unknown = "unknown";
    private static readonly Metric Fid = MetricCatalog.Find("fid");

    /// <summary>Computes everything that the sets allow; the rest is listed with the reason.</summary>
    /// <exception cref="ProblemException">The sets come from different networks or preprocessing, and cannot be compared.</exception>
    public static MetricReport Compute(MeasuredSet generated, MeasuredSet reference, DistributionOptions options)
    {
        RequireComparable(generated, reference);
        var report = new ReportBuilder();
        Warn(report, generated, reference);
        var tags = generated.Tags ?? reference.Tags;
        var provenance = new ScoreProvenance(string.Empty, tags?.Preprocessing ?? Unknown, tags?.Network ?? Unknown, reference.Digest);
        var sets = new SampleSets
        {
            Features = generated.Features, Statistics = generated.Statistics, Logits = generated.Logits, ReferenceFeatures = reference.Features,
            Reference = FactoredReference(reference, options.Threads), Seed = options.Seed, Threads = options.Threads, PairLimit = options.PairLimit,
        };
        foreach (var metric in MetricCatalog.All.Where(m => m.OfSets is not null && (m.Needs & (MetricNeeds.HeldOutStatistics | MetricNeeds.SecondFeatures)) == 0))
        {
            // A score that does not look at the reference compares whatever the reference is.
            var looks = (metric.Needs & (MetricNeeds.ReferenceStatistics | MetricNeeds.ReferenceFeatures)) != 0;
            var outcome = metric == Fid ? Frechet(generated, sets.Reference, reference, options.Threads) with { SampleCount = generated.Count } : MetricCatalog.Compute(metric, sets);
            report.Add(metric, outcome, looks ? provenance : provenance with { ReferenceDigest = string.Empty });
        }

        if (reference.Features is { } y && generated.Features is { } x && Math.Max(x.Count, y.Count) > options.PairLimit)
        {
            report.Warn($"Precision, recall, density, coverage and CMMD look at all pairs and were computed from {options.PairLimit} samples per side, drawn with seed {options.Seed}.");
        }

        return report.Build();
    }

    /// <summary>The Frechet distance of two sets of equal standing, and what readers should know about it.</summary>
    /// <exception cref="ProblemException">The sets come from different networks or preprocessing, and cannot be compared.</exception>
    public static (ScoreWithError Score, IReadOnlyList<string> Warnings) Frechet(MeasuredSet a, MeasuredSet b, int threads)
    {
        RequireComparable(a, b);
        var report = new ReportBuilder();
        Warn(report, a, b);
        return (Frechet(a, FactoredReference(b, threads), b, threads), report.Build().Warnings);
    }

    // Runs compare with statistics that count as fixed; of two sets, both make the distance uncertain.
    private static ScoreWithError Frechet(MeasuredSet a, FrechetReference second, MeasuredSet b, int threads)
    {
        var first = FactoredReference(a, threads);
        var value = b.Features is { } features && a.Features is null ? first.DistanceTo(features)
            : a.Features is { } others && b.Features is null ? second.DistanceTo(others)
            : first.DistanceTo(b.Statistics);
        double?[] errors = [ErrorOf(second, a.Features), ErrorOf(first, b.Features)];
        var (error, note) = errors switch
        {
            [{ } x, { } y] => (double.Hypot(x, y), "Frechet distance; standard error by delete-a-group jackknife of each side"),
            [{ } x, null] => OneSided(x, a, b),
            [null, { } y] => OneSided(y, b, a),
            _ => (double.NaN, "Frechet distance; no standard error: it needs features of at least 4 samples"),
        };
        return new ScoreWithError(value, error, Math.Min(a.Count, b.Count), note);
    }

    // The error of the larger side alone says nothing of a distance that the smaller side makes uncertain.
    private static (double Error, string Note) OneSided(double error, MeasuredSet known, MeasuredSet other) => other.Count > 0 && other.Count < known.Count
        ? (double.NaN, $"Frechet distance; no standard error: '{other.Name}' has only {other.Count} samples and no features to estimate its part from")
        : (error, "Frechet distance; standard error by delete-a-group jackknife of the side with features; the other side counts as fixed");

    private static double? ErrorOf(FrechetReference reference, FeatureMatrix? features) =>
        features is not null && FrechetJackknife.GroupsFor(features.Count) is { } groups ? FrechetJackknife.Estimate(reference, features, groups).StandardError : null;

    private static FrechetReference FactoredReference(MeasuredSet set, int threads)
    {
        try
        {
            return new FrechetReference(set.Statistics, threads);
        }
        catch (ArgumentException error)
        {
            throw new ProblemException($"'{set.Name}': {ErrorText.Of(error)}");
        }
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

    private static void Warn(ReportBuilder report, MeasuredSet generated, MeasuredSet reference)
    {
        var d = reference.Statistics.Dimensions;
        report.Warn(generated.Count > 0 ? SampleSizeAdvice.ForFrechetDistance(generated.Count, d) : null);
        report.Warn(reference.Count > 0 && reference.Count <= d ? $"The reference has {reference.Count} samples in {d} dimensions: its covariance is singular, and the Frechet distance is too high." : null);
        foreach (var side in new[] { generated, reference }.Where(side => side.Tags is null))
        {
            report.Warn($"'{side.Name}' does not say which network and preprocessing it was computed with; that they agree could not be checked.");
        }
    }
}
