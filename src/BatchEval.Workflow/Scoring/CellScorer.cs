using BatchEval.Core.Metrics;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Runs;

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
        int[] calls = [.. samples.Select(s => s.NetworkCalls)];
        if (samples.FirstOrDefault(s => s.Failure is not null)?.Failure is { } failure)
        {
            return new ScoredCell(calls, null, null, null, null, null, failure);
        }

        var shape = model.Sampling.Manifest.Sample;
        var images = ImageBatch.Quantise([.. samples.Select(s => s.Image)], shape);
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

        var lpips = model.Perceptual?.Measure(values, compared.ToModelRange(shape));
        return new ScoredCell(calls, images, features, PerImage(images, compared, Psnr), PerImage(images, compared, Ssim), lpips is null ? null : [.. lpips.Select(d => Math.Round((double)d, 9))], null);
    }

    private static double[] PerImage(ImageBatch images, ImageBatch compared, Func<ImageBatch, ImageBatch, int, double> metric) =>
        [.. Enumerable.Range(0, images.Count).Select(i => metric(images, compared, i))];

    private static double Psnr(ImageBatch a, ImageBatch b, int i) => PeakSignalToNoise.OfImage(a[i], b[i]);

    private static double Ssim(ImageBatch a, ImageBatch b, int i) => StructuralSimilarity.OfImage(a[i], b[i], a.Shape[1], a.Shape[2], a.Shape[3]);
}
