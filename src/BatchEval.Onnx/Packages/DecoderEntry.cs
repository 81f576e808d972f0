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
}
