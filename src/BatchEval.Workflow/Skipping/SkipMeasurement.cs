namespace BatchEval.Workflow.Skipping;

/// <summary>What fewer network calls did to a set of samples.</summary>
/// <param name="NetworkCalls">Network calls per image.</param>
/// <param name="Masks">Which rows each image computed, see <see cref="Core.Sampling.Skipping.StepMask"/>.</param>
/// <param name="Psnr">PSNR per image against the unaccelerated one, capped at 100 dB; null after a failure.</param>
/// <param name="Ssim">SSIM per image, or null.</param>
/// <param name="Lpips">Perceptual distance per image, or null without a perceptual network.</param>
/// <param name="Fid">FID against the unaccelerated images, or null.</param>
/// <param name="Milliseconds">Wall time per image, sampling only.</param>
/// <param name="ProcessorMilliseconds">Processor time per image; unlike wall time it hardly grows when the machine is shared.</param>
/// <param name="Failure">Why the candidate could not be measured, or null.</param>
public sealed record SkipMeasurement(
    Candidate Candidate,
    IReadOnlyList<int> NetworkCalls,
    IReadOnlyList<string> Masks,
    IReadOnlyList<double>? Psnr,
    IReadOnlyList<double>? Ssim,
    IReadOnlyList<double>? Lpips,
    double? Fid,
    double Milliseconds,
    double ProcessorMilliseconds,
    string? Failure)
{
    /// <summary>Mean network calls per image.</summary>
    public double MeanCalls => NetworkCalls.Average();

    public double? MeanPsnr => Psnr?.Average();

    public double? MeanSsim => Ssim?.Average();

    /// <summary>Mean perceptual distance.</summary>
    public double? MeanLpips => Lpips?.Average();
}
