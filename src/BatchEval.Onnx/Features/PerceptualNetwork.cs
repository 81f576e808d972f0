using BatchEval.Core.Json;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>The perceptual distance (LPIPS) of pairs of 8-bit images; nothing is resized.</summary>
public sealed class PerceptualNetwork : IDisposable
{
    private readonly InferenceSession _session;
    private readonly PerceptualEntry _entry;
    private readonly PerceptualImage _image;
    private readonly TensorInput _first;
    private readonly TensorInput _second;

    /// <summary>Opens the package's perceptual network.</summary>
    /// <exception cref="ProblemException">The package has none, or it does not fit the manifest.</exception>
    public PerceptualNetwork(FeaturePackage package, DeviceOptions device)
    {
        ArgumentNullException.ThrowIfNull(package);
        _entry = package.Manifest.Perceptual ?? throw new ProblemException($"The package '{package.Directory}' has no perceptual network ('perceptual' in its manifest).");
        _image = package.Manifest.PerceptualImage!;
        (Digest, Name) = (package.PerceptualDigest, package.Manifest.Name);
        _session = SessionLoader.Open(package.PathOf(_entry.File), device);
        _first = TensorInput.Find(_session.InputMetadata, _entry.First, "input", _entry.File);
        _second = TensorInput.Find(_session.InputMetadata, _entry.Second, "input", _entry.File);
        _ = TensorInput.Find(_session.OutputMetadata, _entry.Output, "output", _entry.File);
    }

    /// <summary>Name of the package.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the network's file.</summary>
    public string Digest { get; }

    /// <summary>Why images of a size cannot be measured, or null.</summary>
    public string? ReasonAgainst(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return (_image.Width ?? image.Width) != image.Width || (_image.Height ?? image.Height) != image.Height
            ? $"the images are {image.Width} x {image.Height}; the perceptual network takes {_image.Width} x {_image.Height}"
            : Math.Min(image.Width, image.Height) < _image.MinimumSize
                ? $"the images are {image.Width} x {image.Height}; the perceptual network needs at least {_image.MinimumSize} x {_image.MinimumSize}"
                : null;
    }

    /// <summary>Distances of pairs of one size.</summary>
    /// <returns>One distance per pair; 0 for equal images.</returns>
    public float[] Measure(IReadOnlyList<RgbImage> a, IReadOnlyList<RgbImage> b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfNotEqual(a.Count, b.Count, nameof(b));
        var range = new PixelRange(_image.Low, _image.High);
        long[] shape = [a.Count, _image.Channels, a[0].Height, a[0].Width];
        using OrtValue left = _first.Create(TensorImages.ToTensor(a, _image.Channels, range), shape);
        using OrtValue right = _second.Create(TensorImages.ToTensor(b, _image.Channels, range), shape);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(options, [_entry.First, _entry.Second], [left, right], [_entry.Output]);
        var distances = new float[a.Count];
        TensorInput.Read(results[0], distances);
        return distances;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
