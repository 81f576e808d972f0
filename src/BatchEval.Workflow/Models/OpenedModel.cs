using BatchEval.Core.Metrics;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Models;

/// <summary>A model package with everything opened that scoring needs.</summary>
/// <param name="Sampling">The denoiser.</param>
/// <param name="Features">The feature network, or null.</param>
/// <param name="Perceptual">The perceptual network, or null.</param>
/// <param name="Training">Statistics of the training images, or null.</param>
/// <param name="HeldOut">Statistics of images never trained on, or null.</param>
public sealed record OpenedModel(
    SamplingModel Sampling, FeatureExtractor? Features, PerceptualDistance? Perceptual, FrechetReference? Training, FrechetReference? HeldOut) : IDisposable
{
    /// <summary>Opens a package.</summary>
    public static OpenedModel Open(ModelPackage package, DeviceOptions device)
    {
        ArgumentNullException.ThrowIfNull(package);
        var manifest = package.Manifest;
        return new OpenedModel(
            SamplingModel.Open(package, device),
            manifest.Features is null ? null : new FeatureExtractor(package, device),
            manifest.Perceptual is null ? null : new PerceptualDistance(package, device),
            manifest.Reference is { } reference ? ReferenceStatistics.Read(package, reference, reference.Training) : null,
            manifest.Reference is { HeldOut: { } heldOut } r ? ReferenceStatistics.Read(package, r, heldOut) : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Sampling.Dispose();
        Features?.Dispose();
        Perceptual?.Dispose();
    }
}
