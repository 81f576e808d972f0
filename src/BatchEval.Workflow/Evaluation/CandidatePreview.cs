using BatchEval.Onnx.Images;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Evaluation;

/// <summary>A few images of a candidate outside any round, for people who watch a search.</summary>
public static class CandidatePreview
{
    /// <summary>How many there are.</summary>
    public const int Images = 16;
    private const int Columns = 8;

    /// <summary>Computes the images of the first samples of the final stage, the same noise for every candidate.</summary>
    /// <returns>A contact sheet as PNG, or why the candidate fails on one of them.</returns>
    public static (byte[]? Sheet, string? Failure) Compute(OpenedModel model, EvaluationSetting setting, Candidate candidate, CancellationToken cancellation)
    {
        var samples = new ShardComputer(model, setting.Noise, setting.Conditions, loop: setting.Loop)
            .Sample(Math.Min(Images, setting.BatchSize), [.. Enumerable.Range(0, Images).Select(i => (candidate, SampleRange.FinalStart + i))], cancellation);
        if (samples.FirstOrDefault(s => s.Failure is not null)?.Failure is { } failure)
        {
            return (null, failure);
        }

        var images = ImageBatch.Quantise(model.Sampling.Images([.. samples.Select(s => s.Image)]), model.Sampling.Manifest.Image);
        return (ImageCodec.EncodePng(ImageGrid.Compose([.. Enumerable.Range(0, Images).Select(images.ToRgb)], Columns, padding: 1)), null);
    }
}
