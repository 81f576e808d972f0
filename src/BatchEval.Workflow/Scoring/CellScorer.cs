using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Models;

namespace BatchEval.Workflow.Scoring;

/// <summary>Turns finished samples into what a cell stores.</summary>
/// <param name="model">The opened model.</param>
public sealed class CellScorer(OpenedModel model)
{
    /// <summary>Scores one cell.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="samples">Its finished samples, in order.</param>
    /// <param name="compared">Images of the unaccelerated sampler on the same noise, or null.</param>
    public ScoredCell Score(Cell cell, IReadOnlyList<SampleResult> samples, ImageBatch? compared)
    {
        ArgumentNullException.ThrowIfNull(cell);
        string[]? masks = cell.Candidate.Skip is null ? null : [.. samples.Select(s => StepMask.Write(s.Executed))];
        return Score(samples, compared, cell.Extras ?? []) with { Masks = masks };
    }

    private ScoredCell Score(IReadOnlyList<SampleResult> samples, ImageBatch? compared, IReadOnlyList<string> extras)
    {
        int[] calls = [.. samples.Select(s => s.NetworkCalls)];
        if (samples.FirstOrDefault(s => s.Failure is not null)?.Failure is { } failure)
        {
            return new ScoredCell(calls, null, null, null, null, null, failure);
        }

        var shape = model.Sampling.Manifest.Image;
        var images = ImageBatch.Quantise(model.Sampling.Images([.. samples.Select(s => s.Image)]), shape);
        var values = images.ToModelRange(shape);
        var (features, logits) = model.Features?.Run(values, extras.Contains(MeasuredMetrics.Logits)) ?? default;
        if (features is not null && Array.Exists(features, f => !float.IsFinite(f)))
        {
            return new ScoredCell(calls, images, null, null, null, null, "The feature network returned a value that is not finite.");
        }

        var scored = new ScoredCell(calls, images, features, null, null, null, null) { Logits = logits };
        if (compared is null)
        {
            return scored;
        }

        var reference = compared.ToModelRange(shape);
        var lpips = model.Perceptual?.Measure(values, reference);
        var others = extras.Where(e => e != MeasuredMetrics.Logits).ToDictionary(key => key, key => OfPairs(key, values, reference) ?? [], StringComparer.Ordinal);
        return scored with
        {
            Psnr = OfPairs("psnr", values, reference),
            Ssim = OfPairs("ssim", values, reference),
            Lpips = lpips is null ? null : [.. lpips.Select(d => Math.Round((double)d, 9))],
            Others = others.Count == 0 ? null : others,
        };
    }

    // Null where the images are too small for the metric.
    private IReadOnlyList<double>? OfPairs(string key, float[] values, float[] reference)
    {
        var (metric, sample) = (MetricCatalog.Find(key), model.Sampling.Manifest.Sample);
        var (shape, size) = (new ImageShape(sample.Channels, sample.Height, sample.Width), sample.Size);
        return Math.Min(sample.Height, sample.Width) < metric.MinimumSide ? null :
        [
            .. Enumerable.Range(0, values.Length / size)
                .Select(i => metric.OfPair!(new ImagePair(values.AsMemory(i * size, size), reference.AsMemory(i * size, size), shape, sample.High - sample.Low))),
        ];
    }
}
