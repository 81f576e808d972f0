using BatchEval.Core.Metrics;
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
        return Score(samples, compared) with { Masks = masks };
    }

    private ScoredCell Score(IReadOnlyList<SampleResult> samples, ImageBatch? compared)
    {
        int[] calls = [.. samples.Select(s => s.NetworkCalls)];
        if (samples.FirstOrDefault(s => s.Failure is not null)?.Failure is { } failure)
        {
            return new ScoredCell(calls, null, null, null, null, null, failure);
        }

        var shape = model.Sampling.Manifest.Image;
        var images = ImageBatch.Quantise(model.Sampling.Images([.. samples.Select(s => s.Image)]), shape);
        var values = images.ToModelRange(shape);
        var features = model.Features?.Extract(values);
        if (features is not null && Array.Exists(features, f => !float.IsFinite(f)))
        {
            return new ScoredCell(calls, images, null, null, null, null, "The feature network returned a value that is not finite.");
        }

        if (compared is null)
        {
            return new ScoredCell(calls, images, features, null, null, null, null);
        }

        var reference = compared.ToModelRange(shape);
        var lpips = model.Perceptual?.Measure(values, reference);
        var imageShape = new ImageShape(shape.Channels, shape.Height, shape.Width);
        var peak = shape.High - shape.Low;
        var ssim = SsimFor(imageShape, peak);
        return new ScoredCell(
            calls,
            images,
            features,
            PerImage(values, reference, shape.Size, (a, b) => Psnr.OfImage(a, b, peak)),
            ssim is null ? null : PerImage(values, reference, shape.Size, (a, b) => Ssim.OfImage(a, b, imageShape, ssim)),
            lpips is null ? null : [.. lpips.Select(d => Math.Round((double)d, 9))],
            null);
    }

    // Images too small for the standard 11x11 window have no comparable SSIM.
    private static SsimOptions? SsimFor(ImageShape shape, double peak)
    {
        var options = new SsimOptions(peak);
        return Math.Min(shape.Height, shape.Width) < options.WindowSize ? null : options;
    }

    private static double[] PerImage(float[] images, float[] reference, int size, PairMetric metric) =>
        [.. Enumerable.Range(0, images.Length / size).Select(i => metric(images.AsSpan(i * size, size), reference.AsSpan(i * size, size)))];

    private delegate double PairMetric(ReadOnlySpan<float> image, ReadOnlySpan<float> reference);
}
