using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Models;

/// <summary>A feature network that no search uses, and what the package's own data are to it: it judges what was found on the features of another.</summary>
/// <param name="package">The model package, which names the folder of the feature package.</param>
public sealed class SecondNetwork(ModelPackage package, DeviceOptions device) : IDisposable
{
    private const int Batch = 128;
    private const int ReferenceLimit = 10_000;
    private readonly FeatureNetwork network = new(FeaturePackage.Open(package.PathOf(package.Manifest.SecondFolder!)), device);
    private FrechetReference? reference;

    /// <summary>Statistics of the package's own data, of at most 10,000 samples drawn with seed 0; computed when first asked for.</summary>
    public FrechetReference Reference => LazyInitializer.EnsureInitialized(ref reference, Measure);

    /// <summary>Features [N, D] of images.</summary>
    public float[] Of(ImageBatch images) =>
        [.. Enumerable.Range(0, images.Count).Chunk(Batch).SelectMany(part => network.Run([.. part.Select(images.ToRgb)]).Features)];

    public void Dispose() => network.Dispose();

    private FrechetReference Measure()
    {
        var (data, shape) = (TrainingData.Read(package), package.Manifest.Image);
        int[] rows = [.. Enumerable.Range(0, data.Length / shape.Size)];
        if (rows.Length > ReferenceLimit)
        {
            new PhiloxStream(0, 0).PartialShuffle<int>(rows, ReferenceLimit);
            rows = rows[..ReferenceLimit];
        }

        var features = Of(ImageBatch.Quantise([.. rows.Select(row => data[(row * shape.Size)..((row + 1) * shape.Size)])], shape));
        return new FrechetReference(MomentAccumulator.Of(new FeatureMatrix(features, rows.Length, network.Dimensions)).ToStatistics(), Environment.ProcessorCount);
    }
}
