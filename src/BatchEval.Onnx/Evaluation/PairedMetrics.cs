using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Evaluation;

/// <summary>Metrics of pairs of images: the n-th image of one source with the n-th of the other, on bytes from 0 to 255, nothing resized.</summary>
public sealed class PairedMetrics
{
    /// <summary>Tag of what is done to the images.</summary>
    public const string Preprocessing = "uint8 RGB 0..255, not resized";

    private const double Peak = 255;
    private const int BatchSize = 16;
    private static readonly IReadOnlyList<Metric> Rows = [.. MetricCatalog.All.Where(m => m.IsPaired)];

    private readonly PerceptualNetwork? network;
    private readonly Dictionary<string, List<double>> values = Rows.Where(m => m.IsPerImage).ToDictionary(m => m.Key, _ => new List<double>(), StringComparer.Ordinal);
    private readonly List<int> sizes = [];
    private readonly Dictionary<string, string> reasons = new(StringComparer.Ordinal);
    private readonly ImageSetDigest reference = new();

    private PairedMetrics(PerceptualNetwork? network)
    {
        this.network = network;
        if (network is null)
        {
            Array.ForEach([.. Perceptual], m => reasons[m.Key] = "needs a package with a perceptual network.");
        }
    }

    private static IEnumerable<Metric> Perceptual => Rows.Where(m => m.Needs.HasFlag(MetricNeeds.PerceptualNetwork));

    /// <summary>Computes everything that the pairs allow.</summary>
    /// <param name="network">Perceptual network, or null to leave LPIPS out.</param>
    /// <param name="progress">Told the number of pairs done.</param>
    /// <exception cref="ProblemException">Different counts, or a pair of different sizes.</exception>
    public static MetricReport Compute(IImageSource generated, IImageSource reference, PerceptualNetwork? network, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        if (generated.Count != reference.Count)
        {
            throw new ProblemException($"Pairs need equally many images; '{generated.Name}' has {generated.Count} and '{reference.Name}' has {reference.Count}.");
        }

        var self = new PairedMetrics(network);
        int done = 0;
        foreach (var pairs in generated.Read().Zip(reference.Read(), (a, b) => new Pair(a, b)).Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            RequireEqualSizes(pairs, i => $"'{generated.NameOf(done + i)}'", i => $"'{reference.NameOf(done + i)}'");
            self.Add(pairs);
            progress?.Invoke(done += pairs.Length);
        }

        return self.Build();
    }

    private static void RequireEqualSizes(Pair[] pairs, Func<int, string> first, Func<int, string> second)
    {
        for (var i = 0; i < pairs.Length; i++)
        {
            var (a, b) = pairs[i];
            if (a.Width != b.Width || a.Height != b.Height)
            {
                throw new ProblemException($"{first(i)} is {a.Width} x {a.Height} and {second(i)} is {b.Width} x {b.Height}; paired metrics need equal sizes, and nothing is resized.");
            }
        }
    }

    private void Add(Pair[] pairs)
    {
        foreach (var (pair, measured) in pairs.Zip(pairs.AsParallel().AsOrdered().Select(Measure).ToArray()))
        {
            sizes.Add(3 * pair.A.Width * pair.A.Height);
            Array.ForEach(measured, m => values[m.Metric.Key].Add(m.Value));
            foreach (var metric in Rows.Where(m => !m.Allows(pair.A.Height, pair.A.Width)))
            {
                reasons.TryAdd(metric.Key, $"an image is {pair.A.Width} x {pair.A.Height}; both sides need at least {metric.MinimumSide} pixels.");
            }
        }

        Array.ForEach(pairs, pair => reference.Add(pair.B));
        AddPerceptual(pairs);
    }

    private static (Metric Metric, double Value)[] Measure(Pair pair)
    {
        var (width, height) = (pair.A.Width, pair.A.Height);
        float[] a = ImageResizer.Resize(pair.A, width, height, ResizeMethod.None);
        float[] b = ImageResizer.Resize(pair.B, width, height, ResizeMethod.None);
        return [.. MetricCatalog.OfPair(new ImagePair(a, b, new ImageShape(3, height, width), Peak))];
    }

    private void AddPerceptual(Pair[] pairs)
    {
        for (var start = 0; network is not null && start < pairs.Length;)
        {
            RgbImage one = pairs[start].A;
            Pair[] same = [.. pairs.Skip(start).TakeWhile(p => p.A.Width == one.Width && p.A.Height == one.Height)];
            start += same.Length;
            foreach (var key in Perceptual.Select(m => m.Key))
            {
                if (network.ReasonAgainst(one) is { } reason)
                {
                    reasons.TryAdd(key, reason + ".");
                    continue;
                }

                try
                {
                    values[key].AddRange(network.Measure([.. same.Select(p => p.A)], [.. same.Select(p => p.B)]).Select(d => (double)d));
                }
                catch (ArgumentException error)
                {
                    reasons.TryAdd(key, ErrorText.Of(error));
                }
            }
        }
    }

    private MetricReport Build()
    {
        var report = new ReportBuilder();
        var provenance = new ScoreProvenance(string.Empty, Preprocessing, string.Empty, reference.ToString());
        foreach (var metric in Rows.Where(m => m.IsPerImage && double.IsFinite(m.Cap)))
        {
            var identical = values[metric.Key].Count(double.IsPositiveInfinity);
            report.Warn(identical == 0 ? null : $"{identical} pairs are identical; in the mean of per-image {metric.Label} each counts as {metric.Cap} {metric.Unit}.");
        }

        foreach (var metric in Rows)
        {
            var key = metric.PerImageOf ?? metric.Key;
            var outcome = reasons.TryGetValue(key, out var reason) ? MetricOutcome.Without(reason) : metric.Reduce!(values[key], sizes);
            report.Add(metric, outcome, metric.Needs.HasFlag(MetricNeeds.PerceptualNetwork) ? provenance with { NetworkDigest = network?.Digest ?? string.Empty } : provenance);
        }

        return report.Build();
    }

    private sealed record Pair(RgbImage A, RgbImage B);
}
