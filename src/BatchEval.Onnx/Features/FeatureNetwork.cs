using BatchEval.Core.Json;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Features;

/// <summary>Features, and class scores where there are any, of 8-bit images of any size.</summary>
public sealed class FeatureNetwork : IDisposable
{
    private readonly FeatureSession session;
    private readonly FeatureInput image;

    /// <summary>Opens the package's feature network.</summary>
    /// <param name="package">The package.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="resize">Replaces the package's resize; null to keep it.</param>
    /// <exception cref="ProblemException">The package has no feature network, or it does not fit the manifest.</exception>
    public FeatureNetwork(FeaturePackage package, DeviceOptions device, ResizeMethod? resize = null)
    {
        ArgumentNullException.ThrowIfNull(package);
        image = package.InputWith(resize);
        (Digest, Name) = (package.NetworkDigest, package.Manifest.Name);
        session = new FeatureSession(package.PathOf(package.Manifest.Features!.File), package.Manifest.Features, device);
    }

    /// <summary>Name of the package.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the network's file.</summary>
    public string Digest { get; }

    /// <summary>What was done to the images; comparable scores share it.</summary>
    public string Preprocessing => image.Tag;

    /// <summary>Features per image.</summary>
    public int Dimensions => session.Dimensions;

    /// <summary>Whether the network gives class scores.</summary>
    public bool HasLogits => session.HasLogits;

    /// <summary>Computes one batch.</summary>
    /// <param name="images">At least one image.</param>
    /// <param name="nameOf">What the image at an index of the batch is called in messages; its index if left out.</param>
    /// <returns>Features [N, D] and class scores [N, K] or null, row-major.</returns>
    /// <exception cref="ProblemException">An image does not fit.</exception>
    public (float[] Features, float[]? Logits) Run(IReadOnlyList<RgbImage> images, Func<int, string>? nameOf = null)
    {
        ArgumentNullException.ThrowIfNull(images);
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

        return session.Run(data, [images.Count, image.Channels, image.Height, image.Width], withLogits: true);
    }

    /// <inheritdoc/>
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
}
