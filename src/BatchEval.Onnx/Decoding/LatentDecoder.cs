using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Decoding;

/// <summary>Turns latents into images, one by one, so that memory is that of one image, or of one tile where the model says so.</summary>
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
        if (entry.Tile is not null && IsFixed)
        {
            throw new ProblemException($"The input '{input.Name}' of {entry.File} has the shape {input.ShapeText}, so that it cannot be decoded in tiles; export it with free heights and widths, or leave decoder.tile out.");
        }

        parts.Keep();
    }

    /// <summary>
    /// Called with their side in pixels when memory does not hold a whole image and all images are decoded in tiles from here on, which changes their pixels; null where that
    /// is none of the caller's to decide: a result that others share is what the model's description says.
    /// </summary>
    public Action<int>? Tiling { get; init; }

    private bool IsFixed => input.Shape[2] > 0 || input.Shape[3] > 0;

    /// <summary>Decodes latents.</summary>
    /// <param name="latents">Each [C, h, w], as the sampler leaves them.</param>
    /// <param name="done">Called after each image with the number of images done.</param>
    /// <returns>Images [C', H, W] in the decoder's range.</returns>
    /// <exception cref="NetworkFailedException">The machine could not decode one of them.</exception>
    public float[][] Decode(IReadOnlyList<float[]> latents, Action<int>? done = null, CancellationToken cancellation = default)
    {
        for (var side = entry.Tile; ;)
        {
            try
            {
                return Decode(latents, side, done, cancellation);
            }
            catch (Exception error) when (NetworkFailedException.IsOutOfMemory(error))
            {
                var smaller = IsFixed ? null : LatentTiles.Smaller(entry, latent, side);
                if (smaller is null)
                {
                    throw;
                }

                if (Tiling is null)
                {
                    throw new NetworkFailedException($"{error.Message.TrimEnd('.', '\n')}. An image of {entry.Image.Width} x {entry.Image.Height} pixels does not fit into memory {(side is null ? "whole" : $"in tiles of {side}")}: give \"decoder\": {{\"tile\": {smaller}}} in the model's description ({ModelPackage.CompanionFile} or {ModelPackage.ManifestFile}), which changes pixels a little and so the model's digest.", error);
                }

                side = smaller;
                Tiling(smaller.Value);
            }
        }
    }

    public void Dispose() => session.Dispose();

    private float[][] Decode(IReadOnlyList<float[]> latents, int? side, Action<int>? done, CancellationToken cancellation)
    {
        var tiles = side is null ? null : new LatentTiles(entry, latent, side.Value);
        var images = new float[latents.Count][];
        for (var i = 0; i < images.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            images[i] = tiles is null || tiles.HoldsAll ? Decode(Unscale(latents[i]), latent.Height, latent.Width) : tiles.Decode(Unscale(latents[i]), Decode);
            done?.Invoke(i + 1);
        }

        return images;
    }

    private float[] Decode(float[] values, int height, int width)
    {
        // A graph with a fixed batch gets copies; only the first image is taken.
        var batch = Math.Max(1, input.Shape[0]);
        float[] copies = [.. Enumerable.Repeat(values, batch).SelectMany(v => v)];
        using var value = input.Create(copies, [batch, latent.Channels, height, width]);
        using var results = NetworkCall.Run(session, entry.File, batch, [input.Name], [value], [entry.Output]);
        var images = TensorInput.Read(results[0]);
        var size = entry.Image.Channels * (entry.Image.Height * height / latent.Height) * (entry.Image.Width * width / latent.Width);
        return images.Length == batch * size
            ? images[..size]
            : throw new ProblemException($"{entry.File} made {images.Length / batch} values of a latent of {height} x {width}; an image of {entry.Image.Channels} x {entry.Image.Height} x {entry.Image.Width} for {latent.Height} x {latent.Width} has {size}.");
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
