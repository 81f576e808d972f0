using BatchEval.Onnx.Images;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>Features, and class scores where there are any, of images.</summary>
public sealed class FeatureNetwork : IDisposable
{
    private const int BatchSize = 128;

    private readonly InferenceSession session;
    private readonly FeaturesEntry entry;
    private readonly TensorInput input;
    private readonly FeatureInput image;

    /// <summary>Opens the package's feature network.</summary>
    /// <param name="resize">Replaces the package's resize; null to keep it.</param>
    /// <exception cref="ProblemException">The package has no feature network, or it does not fit the manifest.</exception>
    public FeatureNetwork(FeaturePackage package, DeviceOptions device, ResizeMethod? resize = null)
    {
        image = package.InputWith(resize);
        entry = package.Manifest.Features!;
        (Digest, Name) = (package.NetworkDigest, package.Manifest.Name);
        using var parts = new OpenParts();
        session = parts.Add(SessionLoader.Open(package.PathOf(entry.File), device));
        input = TensorInput.Find(session.InputMetadata, entry.Input, "input", entry.File);
        var output = TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File);
        if (output.Rank < 2 || (output.Shape[1] > 0 && output.Shape[1] != entry.Dimensions))
        {
            throw new ProblemException($"The output '{entry.Output}' of {entry.File} has shape [{string.Join(", ", output.Shape)}]; the manifest says [batch, {entry.Dimensions}].");
        }

        if (entry.Logits is { } logits)
        {
            _ = TensorInput.Find(session.OutputMetadata, logits, "output", entry.File);
        }

        parts.Keep();
    }

    public string Name { get; }

    /// <summary>SHA-256 of the network's file.</summary>
    public string Digest { get; }

    /// <summary>What was done to the images; comparable scores share it.</summary>
    public string Preprocessing => image.Tag;

    /// <summary>Features per image.</summary>
    public int Dimensions => entry.Dimensions;

    /// <summary>Computes 8-bit images of any size in one batch, or in smaller ones where memory runs out.</summary>
    /// <param name="images">At least one image.</param>
    /// <param name="nameOf">What the image at an index of the batch is called in messages; its index if left out.</param>
    /// <returns>Features [N, D] and class scores [N, K] or null, row-major.</returns>
    /// <exception cref="ProblemException">An image does not fit.</exception>
    public (float[] Features, float[]? Logits) Run(IReadOnlyList<RgbImage> images, Func<int, string>? nameOf = null)
    {
        nameOf ??= i => $"Image {i}";
        var data = new float[checked(images.Count * image.Size)];
        if (images.Count == 1)
        {
            image.Write(images[0], nameOf(0), data);
        }
        else
        {
            Fill(images, nameOf, data);
        }

        return Run(data, withLogits: true, images.Count);
    }

    /// <summary>Computes images that are as the network takes them.</summary>
    /// <param name="images">Images [N, C, H, W].</param>
    /// <param name="withLogits">Whether class scores are wanted, where there are any.</param>
    /// <param name="batchSize">Most images in one call; changes no result.</param>
    /// <returns>Features [N, D] and class scores [N, K] or null, row-major.</returns>
    /// <exception cref="NetworkFailedException">The machine could not compute them, where memory runs out not even one by one.</exception>
    public (float[] Features, float[]? Logits) Run(ReadOnlyMemory<float> images, bool withLogits, int batchSize = BatchSize)
    {
        var count = images.Length / image.Size;
        var features = new float[count * Dimensions];
        var logits = new List<float>();
        NetworkCall.InBatches(count, batchSize, (start, batch) =>
        {
            var (rows, scores) = RunBatch(images.Slice(start * image.Size, batch * image.Size).ToArray(), batch, withLogits);
            rows.CopyTo(features.AsSpan(start * Dimensions));
            logits.AddRange(scores ?? []);
        });

        return (features, logits.Count == 0 ? null : [.. logits]);
    }

    public void Dispose() => session.Dispose();

    private void Fill(IReadOnlyList<RgbImage> images, Func<int, string> nameOf, float[] data)
    {
        try
        {
            Parallel.For(0, images.Count, i => image.Write(images[i], nameOf(i), data.AsSpan(i * image.Size, image.Size)));
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<ProblemException>().MinBy(e => e.Message, StringComparer.Ordinal) is { } problem)
        {
            throw problem;
        }
    }

    private (float[] Features, float[]? Logits) RunBatch(float[] data, int count, bool withLogits)
    {
        using var value = input.Create(data, [count, image.Channels, image.Height, image.Width]);
        string[] outputs = withLogits && entry.Logits is { } logits ? [entry.Output, logits] : [entry.Output];
        using var results = NetworkCall.Run(session, entry.File, count, [entry.Input], [value], outputs);
        var features = TensorInput.Read(results[0]);
        return features.Length == count * Dimensions
            ? (features, outputs.Length == 2 ? TensorInput.Read(results[1]) : null)
            : throw new ProblemException($"The output '{entry.Output}' of {entry.File} has {features.Length} numbers for {count} images; the manifest says {Dimensions} per image.");
    }
}
