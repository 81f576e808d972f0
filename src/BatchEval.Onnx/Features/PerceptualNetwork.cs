using BatchEval.Core.Metrics;
using BatchEval.Onnx.Images;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>The perceptual distance (LPIPS) of pairs of images; nothing is resized.</summary>
public sealed class PerceptualNetwork : IDisposable
{
    private const int BatchSize = 128;

    private readonly InferenceSession session;
    private readonly PerceptualEntry entry;
    private readonly TensorInput first;
    private readonly TensorInput second;
    private readonly PerceptualImage image;

    /// <summary>Opens the package's perceptual network.</summary>
    /// <exception cref="ProblemException">The package has none, or it does not fit the manifest.</exception>
    public PerceptualNetwork(FeaturePackage package, DeviceOptions device)
    {
        entry = package.Manifest.Perceptual ?? throw new ProblemException($"The package '{package.Directory}' has no perceptual network ('perceptual' in its manifest).");
        image = package.Manifest.PerceptualImage!;
        Digest = package.PerceptualDigest;
        using var parts = new OpenParts();
        session = parts.Add(SessionLoader.Open(package.PathOf(entry.File), device));
        first = TensorInput.Find(session.InputMetadata, entry.First, "input", entry.File);
        second = TensorInput.Find(session.InputMetadata, entry.Second, "input", entry.File);
        _ = TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File);
        parts.Keep();
    }

    /// <summary>SHA-256 of the network's file.</summary>
    public string Digest { get; }

    /// <summary>Why images of a size cannot be measured, or null.</summary>
    public string? ReasonAgainst(RgbImage image) => (this.image.Width ?? image.Width) != image.Width || (this.image.Height ?? image.Height) != image.Height
        ? $"the images are {image.Width} x {image.Height}; the perceptual network takes {this.image.Width} x {this.image.Height}"
        : Math.Min(image.Width, image.Height) < this.image.MinimumSize
            ? $"the images are {image.Width} x {image.Height}; the perceptual network needs at least {this.image.MinimumSize} x {this.image.MinimumSize}"
            : null;

    /// <summary>Distances of pairs of 8-bit images of one size, in one batch, or in smaller ones where memory runs out.</summary>
    /// <returns>One distance per pair; 0 for equal images.</returns>
    public float[] Measure(IReadOnlyList<RgbImage> a, IReadOnlyList<RgbImage> b)
    {
        var range = new PixelRange(image.Low, image.High);
        return Measure(
            TensorImages.ToTensor(a, image.Channels, range), TensorImages.ToTensor(b, image.Channels, range), new ImageShape(image.Channels, a[0].Height, a[0].Width), a.Count);
    }

    /// <summary>Distances of pairs that are as the network takes them.</summary>
    /// <param name="a">Images [N, C, H, W].</param>
    /// <param name="b">As many others.</param>
    /// <param name="shape">C, H, W.</param>
    /// <param name="batchSize">Most pairs in one call; changes no result.</param>
    /// <returns>Distances [N]; 0 for equal images.</returns>
    /// <exception cref="NetworkFailedException">The machine could not compute them, where memory runs out not even one by one.</exception>
    public float[] Measure(ReadOnlyMemory<float> a, ReadOnlyMemory<float> b, ImageShape shape, int batchSize = BatchSize)
    {
        var size = shape.Length;
        if (a.Length != b.Length)
        {
            throw new ArgumentException($"Pairs need equally many images, got {a.Length / size} and {b.Length / size}.");
        }

        var distances = new float[a.Length / size];
        NetworkCall.InBatches(distances.Length, batchSize, (start, batch) =>
        {
            using var left = first.Create(a.Slice(start * size, batch * size).ToArray(), [batch, shape.Channels, shape.Height, shape.Width]);
            using var right = second.Create(b.Slice(start * size, batch * size).ToArray(), [batch, shape.Channels, shape.Height, shape.Width]);
            using var results = NetworkCall.Run(session, entry.File, batch, [entry.First, entry.Second], [left, right], [entry.Output]);
            TensorInput.Read(results[0], distances.AsSpan(start, batch));
        });

        return distances;
    }

    public void Dispose() => session.Dispose();
}
