using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;

namespace BatchEval.Workflow.Evaluation;

/// <summary>Samples candidates and measures their images. Knows nothing of stored results; <see cref="Evaluator"/> does.</summary>
/// <param name="prompts">What samples are drawn for, or null.</param>
public sealed class ShardComputer(OpenedModel model, NoiseBank noise, Conditions conditions, PromptSet? prompts = null, SamplingLoop loop = SamplingLoop.Host)
{
    private long evaluations;

    /// <summary>Network evaluations made so far.</summary>
    public long Evaluations => Interlocked.Read(ref evaluations);

    /// <summary>Samples candidates; evaluations that they share are made once.</summary>
    /// <param name="batchSize">Most samples in one network call; changes no result.</param>
    /// <param name="work">Pairs of candidate and sample index.</param>
    public SampleResult[] Sample(int batchSize, IReadOnlyList<(Candidate Candidate, long Sample)> work, CancellationToken cancellation)
    {
        var engine = new SamplingEngine(model.Sampling, noise, conditions, batchSize) { Loop = loop };
        try
        {
            return engine.Run(work, cancellation: cancellation);
        }
        finally
        {
            Interlocked.Add(ref evaluations, engine.Evaluations);
        }
    }

    /// <summary>Measures the finished samples of a shard: images, features and class scores, or why there are none.</summary>
    /// <param name="samples">Its samples, in order.</param>
    public ShardResult Measure(Shard shard, IReadOnlyList<SampleResult> samples)
    {
        var result = new ShardResult(
            shard.Key, shard.Candidate.Id, shard.Range, [.. samples.Select(s => s.NetworkCalls)], samples.FirstOrDefault(s => s.Failure is not null)?.Failure,
            string.Empty, 0, 0, shard.Candidate.Skip is null ? null : [.. samples.Select(s => StepMask.Write(s.Executed))]);
        if (result.Failure is not null)
        {
            return result;
        }

        var shape = model.Sampling.Manifest.Image;
        var decoded = model.Sampling.Images([.. samples.Select(s => s.Image)]);
        if (decoded.Any(image => !image.All(float.IsFinite)))
        {
            return result with { Failure = "The decoder returned a value that is not finite." };
        }

        var images = ImageBatch.Quantise(decoded, shape);
        var (features, logits) = model.Features?.Run(images.ToModelRange(shape), withLogits: true) ?? default;
        return features is not null && Array.Exists(features, f => !float.IsFinite(f))
            ? result with { Images = images, Failure = "The feature network returned a value that is not finite." }
            : result with { Images = images, Features = features, Logits = logits, ClipScores = prompts is null || model.Clip is null ? null : ClipScores(model.Clip, prompts, images, shard.Range) };
    }

    private static IReadOnlyList<double> ClipScores(ClipScorer clip, PromptSet prompts, ImageBatch images, SampleRange range) =>
        [.. clip.Score(range.Indices.Select((sample, i) => (images.ToRgb(i), prompts.Of(sample).Text))).Select(v => Math.Round(v, 6))];

    /// <summary>Measures what final scores have besides: values of single images, and features by the second network.</summary>
    public static JudgedImages Judge(OpenedModel model, ImageBatch images, IReadOnlyList<Metric> metrics)
    {
        var values = metrics.Where(m => m.OfImage is not null).ToDictionary(
            m => m.Key, m => (IReadOnlyList<double>)[.. Enumerable.Range(0, images.Count).Select(i => m.OfImage!(images.Pixels.AsMemory(i * images.Size, images.Size)))]);
        return new JudgedImages(values, metrics.Any(m => m.Needs.HasFlag(MetricNeeds.SecondFeatures)) ? model.Second?.Of(images) : null);
    }

    /// <summary>Compares images one by one, by every metric of pairs that their size and the package allow.</summary>
    /// <param name="reference">As many others.</param>
    /// <param name="comparedWith">Key of the shard that the others come from.</param>
    public PairedValues Compare(ImageBatch images, ImageBatch reference, string comparedWith)
    {
        var image = model.Sampling.Manifest.Image;
        var (a, b) = (images.ToModelRange(image), reference.ToModelRange(image));
        var (shape, size) = (new ImageShape(image.Channels, image.Height, image.Width), image.Size);
        var values = new SortedDictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal);
        var pairs = Enumerable.Range(0, images.Count).Select(i => new ImagePair(a.AsMemory(i * size, size), b.AsMemory(i * size, size), shape, image.High - image.Low));
        foreach (var metric in pairs.SelectMany(MetricCatalog.OfPair).GroupBy(v => v.Metric.Key, v => v.Value))
        {
            values[metric.Key] = [.. metric];
        }

        if (model.Perceptual?.Measure(a, b, shape) is { } distances)
        {
            values[MetricCatalog.OfNetwork(MetricNeeds.PerceptualNetwork).Key] = [.. distances.Select(d => Math.Round((double)d, 9))];
        }

        return new PairedValues(comparedWith, values);
    }
}
