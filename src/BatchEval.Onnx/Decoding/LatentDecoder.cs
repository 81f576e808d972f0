using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Decoding;

/// <summary>Turns latents into images, one by one, so that memory is that of one image.</summary>
public sealed class LatentDecoder : IDisposable
{
    private readonly InferenceSession session;
    private readonly DecoderEntry entry;
    private readonly SampleEntry latent;
    private readonly TensorInput input;

    /// <summary>Opens a model's decoder.</summary>
    /// <exception cref="ProblemException">The model has none, or it does not fit the manifest.</exception>
    public LatentDecoder(ModelPackage package, DeviceOptions device)
    {
        entry = package.Manifest.Decoder ?? throw new ProblemException($"The model '{package.Manifest.Name}' has no decoder.");
        latent = package.Manifest.Sample;
        using var parts = new OpenParts();
        session = parts.Add(SessionLoader.Open(package.PathOf(entry.File), device));
        input = TensorInput.Find(session.InputMetadata, entry.Input, "input", entry.File);
        Check(input, "input", latent);
        Check(TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File), "output", entry.Image);
        parts.Keep();
    }

    /// <summary>Decodes latents.</summary>
    /// <param name="latents">Each [C, h, w], as the sampler leaves them.</param>
    /// <param name="done">Called after each image with the number of images done.</param>
    /// <param name="cancellation">Checked before each image.</param>
    /// <returns>Images [C', H, W] in the decoder's range.</returns>
    /// <exception cref="NetworkFailedException">The machine could not decode one of them.</exception>
    public float[][] Decode(IReadOnlyList<float[]> latents, Action<int>? done = null, CancellationToken cancellation = default)
    {
        var images = new float[latents.Count][];
        for (var i = 0; i < images.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            images[i] = Decode(latents[i]);
            done?.Invoke(i + 1);
        }

        return images;
    }

    public void Dispose() => session.Dispose();

    private float[] Decode(float[] latents)
    {
        // A graph with a fixed batch gets copies; only the first image is taken.
        var batch = Math.Max(1, input.Shape[0]);
        float[] scaled = [.. Enumerable.Repeat(Unscale(latents), batch).SelectMany(v => v)];
        using var value = input.Create(scaled, [batch, latent.Channels, latent.Height, latent.Width]);
        using var results = NetworkCall.Run(session, entry.File, batch, [input.Name], [value], [entry.Output]);
        var images = TensorInput.Read(results[0]);
        return images.Length == batch * entry.Image.Size
            ? images[..entry.Image.Size]
            : throw new ProblemException($"{entry.File} made {images.Length / batch} values of a latent; an image of {entry.Image.Channels} x {entry.Image.Height} x {entry.Image.Width} has {entry.Image.Size}.");
    }

    // z / factor + shift, or z deviation / factor + mean per channel
    private float[] Unscale(float[] latents)
    {
        var area = latent.Height * latent.Width;
        var values = new float[latents.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (deviation, mean) = entry is { Means: { } means, Deviations: { } deviations } ? (deviations[i / area], means[i / area]) : (1, entry.ShiftFactor);
            values[i] = (float)((latents[i] * deviation / entry.ScalingFactor) + mean);
        }

        return values;
    }

    private void Check(TensorInput tensor, string role, SampleEntry shape)
    {
        int[] wanted = [shape.Channels, shape.Height, shape.Width];
        if (tensor.Rank != 4 || tensor.Shape.Skip(1).Zip(wanted).Any(p => p.First > 0 && p.First != p.Second))
        {
            throw new ProblemException($"The {role} '{tensor.Name}' of {entry.File} has the shape {tensor.ShapeText}; this model needs [batch, {string.Join(", ", wanted)}].");
        }
    }
}
