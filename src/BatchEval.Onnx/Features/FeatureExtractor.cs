using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Features;

/// <summary>Features of a model's samples, by the feature network of its package.</summary>
public sealed class FeatureExtractor : IDisposable
{
    private readonly FeatureSession session;
    private readonly SampleEntry shape;
    private readonly int batchSize;

    /// <summary>Opens the package's feature network.</summary>
    /// <exception cref="ProblemException">The package has none, or it does not fit the manifest.</exception>
    public FeatureExtractor(ModelPackage package, DeviceOptions device, int batchSize = 128)
    {
        ArgumentNullException.ThrowIfNull(package);
        var entry = package.Manifest.Features ?? throw new ProblemException($"The model package '{package.Directory}' has no feature network ('features' in {ModelPackage.ManifestFile}).");
        (shape, this.batchSize) = (package.Manifest.Image, batchSize);
        session = new FeatureSession(package.PathOf(entry.File), entry, device);
    }

    /// <summary>Features per image.</summary>
    public int Dimensions => session.Dimensions;

    /// <summary>Computes features.</summary>
    /// <param name="images">Images [N, C, H, W] in the model's range.</param>
    /// <returns>Features [N, D], row-major.</returns>
    public float[] Extract(ReadOnlySpan<float> images) => Run(images, withLogits: false).Features;

    /// <summary>Computes features and, where they are wanted and the network gives them, class scores.</summary>
    /// <param name="images">Images [N, C, H, W] in the model's range.</param>
    /// <param name="withLogits">Whether class scores are wanted.</param>
    /// <returns>Features [N, D] and class scores [N, K] or null, row-major.</returns>
    public (float[] Features, float[]? Logits) Run(ReadOnlySpan<float> images, bool withLogits)
    {
        var count = images.Length / shape.Size;
        var features = new float[count * Dimensions];
        var logits = new List<float>();
        for (var start = 0; start < count; start += batchSize)
        {
            var batch = Math.Min(batchSize, count - start);
            var data = images.Slice(start * shape.Size, batch * shape.Size).ToArray();
            var (rows, scores) = session.Run(data, [batch, shape.Channels, shape.Height, shape.Width], withLogits);
            rows.CopyTo(features.AsSpan(start * Dimensions));
            logits.AddRange(scores ?? []);
        }

        return (features, logits.Count == 0 ? null : [.. logits]);
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
