using BatchEval.Core.Json;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>Features, and class scores where there are any, of 8-bit images of any size.</summary>
public sealed class FeatureNetwork : IDisposable
{
    private readonly InferenceSession _session;
    private readonly FeaturesEntry _entry;
    private readonly TensorInput _input;
    private readonly FeatureInput _image;

    /// <summary>Opens the package's feature network.</summary>
    /// <param name="package">The package.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="resize">Replaces the package's resize; null to keep it.</param>
    /// <exception cref="ProblemException">The package has no feature network, or it does not fit the manifest.</exception>
    public FeatureNetwork(FeaturePackage package, DeviceOptions device, ResizeMethod? resize = null)
    {
        ArgumentNullException.ThrowIfNull(package);
        _image = package.InputWith(resize);
        _entry = package.Manifest.Features!;
        (Digest, Name) = (package.NetworkDigest, package.Manifest.Name);
        _session = SessionLoader.Open(package.PathOf(_entry.File), device);
        _input = TensorInput.Find(_session.InputMetadata, _entry.Input, "input", _entry.File);
        TensorInput output = TensorInput.Find(_session.OutputMetadata, _entry.Output, "output", _entry.File);
        if (output.Rank < 2 || (output.Shape[1] > 0 && output.Shape[1] != _entry.Dimensions))
        {
            throw new ProblemException($"The output '{_entry.Output}' of {_entry.File} has shape [{string.Join(", ", output.Shape)}]; the manifest says [batch, {_entry.Dimensions}].");
        }

        if (_entry.Logits is { } logits)
        {
            _ = TensorInput.Find(_session.OutputMetadata, logits, "output", _entry.File);
        }
    }

    /// <summary>Name of the package.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the network's file.</summary>
    public string Digest { get; }

    /// <summary>What was done to the images; comparable scores share it.</summary>
    public string Preprocessing => _image.Tag;

    /// <summary>Features per image.</summary>
    public int Dimensions => _entry.Dimensions;

    /// <summary>Whether the network gives class scores.</summary>
    public bool HasLogits => _entry.Logits is not null;

    /// <summary>Computes one batch.</summary>
    /// <param name="images">At least one image.</param>
    /// <param name="first">Index of the first one, for messages.</param>
    /// <returns>Features [N, D] and class scores [N, K] or null, row-major.</returns>
    /// <exception cref="ProblemException">An image does not fit.</exception>
    public (float[] Features, float[]? Logits) Run(IReadOnlyList<RgbImage> images, long first = 0)
    {
        ArgumentNullException.ThrowIfNull(images);
        var data = new float[checked(images.Count * _image.Size)];
        if (images.Count == 1)
        {
            _image.Write(images[0], first, data);
        }
        else
        {
            Fill(images, first, data);
        }

        using OrtValue value = _input.Create(data, [images.Count, _image.Channels, _image.Height, _image.Width]);
        using var options = new RunOptions();
        string[] outputs = HasLogits ? [_entry.Output, _entry.Logits!] : [_entry.Output];
        using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(options, [_entry.Input], [value], outputs);
        float[] features = ToArray(results[0]);
        return features.Length == images.Count * Dimensions
            ? (features, HasLogits ? ToArray(results[1]) : null)
            : throw new ProblemException($"The output '{_entry.Output}' of {_entry.File} has {features.Length} numbers for {images.Count} images; the manifest says {Dimensions} per image.");
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static float[] ToArray(OrtValue value)
    {
        var values = new float[value.GetTensorTypeAndShape().ElementCount];
        TensorInput.Read(value, values);
        return values;
    }

    private void Fill(IReadOnlyList<RgbImage> images, long first, float[] data)
    {
        try
        {
            Parallel.For(0, images.Count, i => _image.Write(images[i], first + i, data.AsSpan(i * _image.Size, _image.Size)));
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<ProblemException>().MinBy(e => e.Message, StringComparer.Ordinal) is { } problem)
        {
            throw problem;
        }
    }
}
