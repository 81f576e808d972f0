using BatchEval.Core.Json;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Features;

/// <summary>The perceptual distance (LPIPS) of pairs of 8-bit images; nothing is resized.</summary>
public sealed class PerceptualNetwork : IDisposable
{
    private readonly PerceptualSession session;
    private readonly PerceptualImage image;

    /// <summary>Opens the package's perceptual network.</summary>
    /// <exception cref="ProblemException">The package has none, or it does not fit the manifest.</exception>
    public PerceptualNetwork(FeaturePackage package, DeviceOptions device)
    {
        ArgumentNullException.ThrowIfNull(package);
        var entry = package.Manifest.Perceptual ?? throw new ProblemException($"The package '{package.Directory}' has no perceptual network ('perceptual' in its manifest).");
        image = package.Manifest.PerceptualImage!;
        (Digest, Name) = (package.PerceptualDigest, package.Manifest.Name);
        session = new PerceptualSession(package.PathOf(entry.File), entry, device);
    }

    /// <summary>Name of the package.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the network's file.</summary>
    public string Digest { get; }

    /// <summary>Why images of a size cannot be measured, or null.</summary>
    public string? ReasonAgainst(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return (this.image.Width ?? image.Width) != image.Width || (this.image.Height ?? image.Height) != image.Height
            ? $"the images are {image.Width} x {image.Height}; the perceptual network takes {this.image.Width} x {this.image.Height}"
            : Math.Min(image.Width, image.Height) < this.image.MinimumSize
                ? $"the images are {image.Width} x {image.Height}; the perceptual network needs at least {this.image.MinimumSize} x {this.image.MinimumSize}"
                : null;
    }

    /// <summary>Distances of pairs of one size.</summary>
    /// <returns>One distance per pair; 0 for equal images.</returns>
    public float[] Measure(IReadOnlyList<RgbImage> a, IReadOnlyList<RgbImage> b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfNotEqual(a.Count, b.Count, nameof(b));
        var range = new PixelRange(image.Low, image.High);
        long[] shape = [a.Count, image.Channels, a[0].Height, a[0].Width];
        var distances = new float[a.Count];
        session.Run(TensorImages.ToTensor(a, image.Channels, range), TensorImages.ToTensor(b, image.Channels, range), shape, distances);
        return distances;
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
