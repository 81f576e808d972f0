namespace BatchEval.Onnx.Networks;

/// <summary>
/// The token layout of Flux: latents [C, H, W] as H/2 x W/2 tokens of the 4 C values of a 2 x 2 square, channel first (diffusers, pipeline_flux.py, _pack_latents).
/// Solvers act on latents; only the network sees tokens.
/// </summary>
internal static class LatentPacking
{
    /// <summary>Tokens per sample.</summary>
    public static int Tokens(SampleEntry shape) => shape.Height / 2 * (shape.Width / 2);

    /// <summary>Latents [B, C, H, W] as tokens [B, H W / 4, 4 C].</summary>
    public static float[] Pack(float[] latents, SampleEntry shape)
    {
        var packed = new float[latents.Length];
        for (var i = 0; i < latents.Length; i++)
        {
            packed[Position(i, shape)] = latents[i];
        }

        return packed;
    }

    /// <summary>Tokens as latents, in place.</summary>
    public static void Unpack(Span<float> values, SampleEntry shape)
    {
        var packed = values.ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = packed[Position(i, shape)];
        }
    }

    private static int Position(int latent, SampleEntry shape)
    {
        var (sample, inside) = (latent / shape.Size, latent % shape.Size);
        var (channel, y, x) = (inside / (shape.Height * shape.Width), inside / shape.Width % shape.Height, inside % shape.Width);
        var token = (y / 2 * (shape.Width / 2)) + (x / 2);
        return (sample * shape.Size) + (token * 4 * shape.Channels) + (channel * 4) + (y % 2 * 2) + (x % 2);
    }
}
