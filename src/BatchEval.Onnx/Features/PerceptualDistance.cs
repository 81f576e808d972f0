using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Features;

/// <summary>Perceptual distances (LPIPS) of pairs of a model's samples, by the network of its package.</summary>
public sealed class PerceptualDistance : IDisposable
{
    private readonly PerceptualSession session;
    private readonly SampleEntry shape;
    private readonly int batchSize;

    /// <summary>Opens the package's perceptual network.</summary>
    /// <exception cref="ProblemException">The package has none, or it does not fit the manifest.</exception>
    public PerceptualDistance(ModelPackage package, DeviceOptions device, int batchSize = 128)
    {
        ArgumentNullException.ThrowIfNull(package);
        var entry = package.Manifest.Perceptual ?? throw new ProblemException($"The model package '{package.Directory}' has no perceptual network ('perceptual' in {ModelPackage.ManifestFile}).");
        (shape, this.batchSize) = (package.Manifest.Image, batchSize);
        session = new PerceptualSession(package.PathOf(entry.File), entry, device);
    }

    /// <summary>Distances of pairs.</summary>
    /// <param name="a">Images [N, C, H, W] in the model's range.</param>
    /// <param name="b">Images [N, C, H, W] in the model's range.</param>
    /// <returns>Distances [N]; 0 for equal images.</returns>
    public float[] Measure(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length)
        {
            throw new ArgumentException($"Pairs need equally many images, got {a.Length / shape.Size} and {b.Length / shape.Size}.");
        }

        var count = a.Length / shape.Size;
        var distances = new float[count];
        for (var start = 0; start < count; start += batchSize)
        {
            var batch = Math.Min(batchSize, count - start);
            float[] Part(ReadOnlySpan<float> images) => images.Slice(start * shape.Size, batch * shape.Size).ToArray();
            session.Run(Part(a), Part(b), [batch, shape.Channels, shape.Height, shape.Width], distances.AsSpan(start, batch));
        }

        return distances;
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
