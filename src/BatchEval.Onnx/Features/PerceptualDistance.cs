using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>Runs a perceptual network (LPIPS) over pairs of images.</summary>
public sealed class PerceptualDistance : IDisposable
{
    private readonly InferenceSession session;
    private readonly PerceptualEntry entry;
    private readonly SampleEntry shape;
    private readonly TensorInput first;
    private readonly TensorInput second;
    private readonly int batchSize;

    /// <summary>Opens the package's perceptual network.</summary>
    /// <exception cref="ProblemException">The package has none, or it does not fit the manifest.</exception>
    public PerceptualDistance(ModelPackage package, DeviceOptions device, int batchSize = 128)
    {
        ArgumentNullException.ThrowIfNull(package);
        entry = package.Manifest.Perceptual ?? throw new ProblemException($"The model package '{package.Directory}' has no perceptual network ('perceptual' in {ModelPackage.ManifestFile}).");
        (shape, this.batchSize) = (package.Manifest.Sample, batchSize);
        session = SessionLoader.Open(package.PathOf(entry.File), device);
        first = TensorInput.Find(session.InputMetadata, entry.First, "input", entry.File);
        second = TensorInput.Find(session.InputMetadata, entry.Second, "input", entry.File);
        _ = TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File);
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
            long[] dimensions = [batch, shape.Channels, shape.Height, shape.Width];
            using var left = first.Create(a.Slice(start * shape.Size, batch * shape.Size).ToArray(), dimensions);
            using var right = second.Create(b.Slice(start * shape.Size, batch * shape.Size).ToArray(), dimensions);
            using var options = new RunOptions();
            using var results = session.Run(options, [entry.First, entry.Second], [left, right], [entry.Output]);
            TensorInput.Read(results[0], distances.AsSpan(start, batch));
        }

        return distances;
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
