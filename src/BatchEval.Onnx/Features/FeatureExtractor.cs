using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>Runs a feature network over images.</summary>
public sealed class FeatureExtractor : IDisposable
{
    private readonly InferenceSession session;
    private readonly FeaturesEntry entry;
    private readonly SampleEntry shape;
    private readonly TensorInput input;
    private readonly int batchSize;

    /// <summary>Opens the package's feature network.</summary>
    /// <exception cref="ProblemException">The package has none, or it does not fit the manifest.</exception>
    public FeatureExtractor(ModelPackage package, DeviceOptions device, int batchSize = 128)
    {
        ArgumentNullException.ThrowIfNull(package);
        entry = package.Manifest.Features ?? throw new ProblemException($"The model package '{package.Directory}' has no feature network ('features' in {ModelPackage.ManifestFile}).");
        (shape, this.batchSize) = (package.Manifest.Sample, batchSize);
        session = SessionLoader.Open(package.PathOf(entry.File), device);
        input = TensorInput.Find(session.InputMetadata, entry.Input, "input", entry.File);
        var output = TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File);
        if (output.Rank != 2 || (output.Shape[1] > 0 && output.Shape[1] != entry.Dimensions))
        {
            throw new ProblemException($"The output '{entry.Output}' of {entry.File} has shape [{string.Join(", ", output.Shape)}]; the manifest says [batch, {entry.Dimensions}].");
        }
    }

    /// <summary>Features per image.</summary>
    public int Dimensions => entry.Dimensions;

    /// <summary>Computes features.</summary>
    /// <param name="images">Images [N, C, H, W] in the model's range.</param>
    /// <returns>Features [N, D], row-major.</returns>
    public float[] Extract(ReadOnlySpan<float> images)
    {
        var count = images.Length / shape.Size;
        var features = new float[count * Dimensions];
        for (var start = 0; start < count; start += batchSize)
        {
            var batch = Math.Min(batchSize, count - start);
            var data = images.Slice(start * shape.Size, batch * shape.Size).ToArray();
            using var value = input.Create(data, [batch, shape.Channels, shape.Height, shape.Width]);
            using var options = new RunOptions();
            using var results = session.Run(options, [entry.Input], [value], [entry.Output]);
            TensorInput.Read(results[0], features.AsSpan(start * Dimensions, batch * Dimensions));
        }

        return features;
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
