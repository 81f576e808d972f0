namespace BatchEval.Onnx.Packages;

/// <summary>The network that turns latents into images, and what is done before and after it.</summary>
/// <param name="File">ONNX file, relative to the package.</param>
/// <param name="Input">Name of the latent input [B, C, h, w].</param>
/// <param name="Output">Name of the image output [B, C', H, W].</param>
/// <param name="Image">Shape and range of its images, and how they become bytes.</param>
public sealed record DecoderEntry(string File, string Input, string Output, SampleEntry Image)
{
    /// <summary>z is divided by this before it is decoded (diffusers' <c>scaling_factor</c>).</summary>
    public double ScalingFactor { get; init; } = 1;

    /// <summary>Added after the division (<c>shift_factor</c>).</summary>
    public double ShiftFactor { get; init; }

    /// <summary>Per channel; z deviation / scaling factor + mean where given (<c>latents_mean</c>).</summary>
    public IReadOnlyList<double>? Means { get; init; }

    /// <summary>Per channel (<c>latents_std</c>).</summary>
    public IReadOnlyList<double>? Deviations { get; init; }

    /// <summary>Whether the model's authors decode in single precision whatever the rest computes in (<c>force_upcast</c>).</summary>
    public bool ForceUpcast { get; init; }

    /// <summary>Side in pixels of the tiles in which images are decoded, or null for whole images.</summary>
    public int? Tile { get; init; }

    /// <summary>Parts of a tile's side, one of which overlaps the next tile; as in diffusers.</summary>
    internal const int Quarters = 4;

    /// <summary>Side in pixels of the images that it was trained on (<c>sample_size</c>), or null where that is unknown.</summary>
    public int? TrainedSide { get; init; }

    /// <summary>Pixels along each axis for one position of a latent; null where that is no whole number.</summary>
    internal int? PixelsPerPosition(SampleEntry latent) =>
        Image.Height % latent.Height == 0 && Image.Height / latent.Height is var factor && Image.Width == latent.Width * factor ? factor : null;

    /// <summary>Why images cannot be decoded in tiles of a side, or null.</summary>
    internal string? TileProblem(SampleEntry latent, int side) => PixelsPerPosition(latent) is not { } factor
        ? $"needs whole pixels for each position of a latent, and this model makes {Image.Height} x {Image.Width} pixels of {latent.Height} x {latent.Width} positions."
        : side % (Quarters * factor) == 0 ? null
        : $"is {side}; a quarter of a tile overlaps the next, so on this model it must be a multiple of {Quarters * factor} pixels.";
}
