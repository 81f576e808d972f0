using BatchEval.Core.Json;
using BatchEval.Core.Metrics;
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
    private const int SsimWindow = 11;
    private const int MultiScaleMinimum = SsimWindow << 4;

    private readonly PerceptualNetwork? network;
    private readonly PsnrAccumulator psnr = new(Peak);
    private readonly Dictionary<string, RunningStatistics> means = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> reasons = new(StringComparer.Ordinal);
    private readonly ImageSetDigest reference = new();

    private PairedMetrics(PerceptualNetwork? network)
    {
        this.network = network;
        if (network is null)
        {
            reasons[MetricNames.Lpips] = "needs a package with a perceptual network.";
        }
    }

    /// <summary>Computes everything that the pairs allow.</summary>
    /// <param name="generated">The images.</param>
    /// <param name="reference">As many images.</param>
    /// <param name="network">Perceptual network, or null to leave LPIPS out.</param>
    /// <param name="progress">Told the number of pairs done.</param>
    /// <param name="cancellation">Stops after the current batch.</param>
    /// <exception cref="ProblemException">Different counts, or a pair of different sizes.</exception>
    public static MetricReport Compute(IImageSource generated, IImageSource reference, PerceptualNetwork? network, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentNullException.ThrowIfNull(reference);
        if (generated.Count != reference.Count)
        {
            throw new ProblemException($"Pairs need equally many images; '{generated.Name}' has {generated.Count} and '{reference.Name}' has {reference.Count}.");
        }

        var self = new PairedMetrics(network);
        int done = 0;
        foreach (var pairs in generated.Read().Zip(reference.Read(), (a, b) => new Pair(a, b)).Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            self.Add(pairs, done);
            progress?.Invoke(done += pairs.Length);
        }

        return self.Build();
    }

    private void Add(Pair[] pairs, int first)
    {
        for (int i = 0; i < pairs.Length; i++)
        {
            Pair pair = pairs[i];
            if (pair.A.Width != pair.B.Width || pair.A.Height != pair.B.Height)
            {
                throw new ProblemException($"Pair {first + i} has images of {pair.A.Width} x {pair.A.Height} and {pair.B.Width} x {pair.B.Height}; paired metrics need equal sizes, and nothing is resized.");
            }
        }

        foreach (Values values in pairs.AsParallel().AsOrdered().Select(Values.Of).ToArray())
        {
            psnr.Add(values.A, values.B);
            Add(MetricNames.Ssim, values.Ssim, values.Size, SsimWindow);
            Add(MetricNames.MultiScaleSsim, values.MultiScale, values.Size, MultiScaleMinimum);
        }

        Array.ForEach(pairs, pair => reference.Add(pair.B));
        AddPerceptual(pairs);
    }

    private void Add(string metric, double? value, string size, int minimum)
    {
        if (value is { } number)
        {
            Mean(metric).Add(number);
        }
        else
        {
            reasons.TryAdd(metric, $"an image is {size}; both sides need at least {minimum} pixels.");
        }
    }

    private void AddPerceptual(Pair[] pairs)
    {
        for (int start = 0; network is not null && start < pairs.Length;)
        {
            RgbImage one = pairs[start].A;
            Pair[] same = [.. pairs.Skip(start).TakeWhile(p => p.A.Width == one.Width && p.A.Height == one.Height)];
            start += same.Length;
            if (network.ReasonAgainst(one) is { } reason)
            {
                reasons.TryAdd(MetricNames.Lpips, reason + ".");
                continue;
            }

            try
            {
                Array.ForEach(network.Measure([.. same.Select(p => p.A)], [.. same.Select(p => p.B)]), distance => Mean(MetricNames.Lpips).Add(distance));
            }
            catch (ArgumentException error)
            {
                reasons.TryAdd(MetricNames.Lpips, error.Message.Split(" (Parameter")[0]);
            }
        }
    }

    private RunningStatistics Mean(string metric) => means.TryGetValue(metric, out RunningStatistics? mean) ? mean : means[metric] = new RunningStatistics();

    private MetricReport Build()
    {
        var report = new ReportBuilder();
        var provenance = new ScoreProvenance(string.Empty, Preprocessing, string.Empty, reference.ToString());
        report.Add(MetricNames.Psnr, psnr.MeanOfImages, provenance);
        report.Add(MetricNames.PooledPsnr, psnr.OfPooledError, provenance);
        if (psnr.IdenticalImages > 0)
        {
            report.Warn($"{psnr.IdenticalImages} pairs are identical; in the mean of per-image PSNR each counts as {psnr.Cap} dB.");
        }

        (string Metric, string Method, ScoreProvenance Provenance)[] others =
        [
            (MetricNames.Ssim, "SSIM, Gaussian window 11, sigma 1.5, per channel; standard error over images", provenance),
            (MetricNames.MultiScaleSsim, "MS-SSIM, five scales; standard error over images", provenance),
            (MetricNames.Lpips, $"LPIPS, {network?.Name}; standard error over images", provenance with { NetworkDigest = network?.Digest ?? string.Empty }),
        ];
        foreach ((string metric, string method, ScoreProvenance with) in others)
        {
            if (reasons.TryGetValue(metric, out string? reason))
            {
                report.Skip(metric, reason);
            }
            else
            {
                RunningStatistics mean = Mean(metric);
                report.Add(metric, new ScoreWithError(mean.Mean, mean.StandardError, mean.Count, method), with);
            }
        }

        return report.Build();
    }

    private sealed record Pair(RgbImage A, RgbImage B);

    private sealed record Values(float[] A, float[] B, string Size, double? Ssim, double? MultiScale)
    {
        public static Values Of(Pair pair)
        {
            (int width, int height) = (pair.A.Width, pair.A.Height);
            var shape = new ImageShape(3, height, width);
            float[] a = ImageResizer.Resize(pair.A, width, height, ResizeMethod.None);
            float[] b = ImageResizer.Resize(pair.B, width, height, ResizeMethod.None);
            int side = Math.Min(width, height);
            var options = new SsimOptions(Peak);
            return new Values(
                a, b, $"{width} x {height}",
                side >= SsimWindow ? Core.Metrics.Ssim.OfImage(a, b, shape, options) : null,
                side >= MultiScaleMinimum ? MultiScaleSsim.OfImage(a, b, shape, options) : null);
        }
    }
}
