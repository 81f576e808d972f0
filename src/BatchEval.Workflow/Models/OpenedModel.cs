using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Models;

/// <summary>A model package with everything opened that scoring needs.</summary>
/// <param name="Training">Statistics of the training images, or null.</param>
/// <param name="HeldOut">Statistics of images never trained on, or null.</param>
public sealed record OpenedModel(
    SamplingModel Sampling, FeatureNetwork? Features, PerceptualNetwork? Perceptual, FrechetReference? Training, FrechetReference? HeldOut) : IDisposable
{
    /// <summary>Compares images with prompts; null without a CLIP package.</summary>
    public ClipScorer? Clip { get; init; }

    /// <summary>Judges final scores by features that no search sees; null where the package brings no such network.</summary>
    public SecondNetwork? Second { get; init; }

    private const int ReferenceLimit = 10_000;
    private readonly Lazy<FeatureMatrix?> referenceFeatures = new(() => Features is null || Sampling.Manifest.Data is null ? null : FeaturesOf(Features, Sampling));

    /// <summary>Features of the package's own data, of at most 10,000 samples drawn with seed 0; null without data or feature network. Computed when first asked for.</summary>
    public FeatureMatrix? ReferenceFeatures => referenceFeatures.Value;

    public static OpenedModel Open(ModelPackage package, DeviceOptions device)
    {
        var manifest = package.Manifest;
        var networks = FeaturePackage.Of(package);
        MemoryPlan.Of(package, device, together: true).Require();
        using var parts = new OpenParts();
        var opened = new OpenedModel(
            parts.Add(SamplingModel.Open(package, device)),
            manifest.Features is null ? null : parts.Add(new FeatureNetwork(networks, device)),
            manifest.Perceptual is null ? null : parts.Add(new PerceptualNetwork(networks, device)),
            manifest.Reference is { } reference ? ReferenceStatistics.Read(package, reference, reference.Training) : null,
            manifest.Reference is { HeldOut: { } heldOut } r ? ReferenceStatistics.Read(package, r, heldOut) : null)
        {
            Second = manifest.SecondFolder is null ? null : parts.Add(new SecondNetwork(package, device)),
            Clip = manifest.ClipFolder is { } clip ? parts.Add(new ClipScorer(FeaturePackage.Open(package.PathOf(clip)), device)) : null,
        };
        parts.Keep();
        return opened;
    }

    private static FeatureMatrix FeaturesOf(FeatureNetwork network, SamplingModel model)
    {
        var (data, size) = (TrainingData.Read(model.Package), model.Manifest.Sample.Size);
        int[] rows = [.. Enumerable.Range(0, data.Length / size)];
        if (rows.Length > ReferenceLimit)
        {
            new PhiloxStream(0, 0).PartialShuffle<int>(rows, ReferenceLimit);
            data = [.. rows[..ReferenceLimit].SelectMany(row => data[(row * size)..((row + 1) * size)])];
        }

        return new FeatureMatrix(network.Run(data, withLogits: false).Features, data.Length / size, network.Dimensions);
    }

    public void Dispose()
    {
        Sampling.Dispose();
        Features?.Dispose();
        Perceptual?.Dispose();
        Clip?.Dispose();
        Second?.Dispose();
    }
}
