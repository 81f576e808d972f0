namespace BatchEval.Onnx.Images;

/// <summary>Named ways to bring an image to a feature network's size. Scores computed with different ones cannot be compared.</summary>
public enum ResizeMethod
{
    /// <summary>Images must have the size already.</summary>
    None,

    /// <summary>Bilinear as TensorFlow 1's <c>resize_bilinear</c>: source = target x in / out without a half-pixel shift, no antialiasing (TTUR, torch-fidelity).</summary>
    Tf1Bilinear,

    /// <summary>Bilinear as PyTorch's <c>interpolate(align_corners=False)</c>: pixel centres, no antialiasing (pytorch-fid).</summary>
    HalfPixelBilinear,

    /// <summary>Bicubic (a = -0.5) as Pillow on float planes: antialiased, clipped to 0..255, not rounded (clean-fid).</summary>
    AntialiasedBicubic,
}

/// <summary>Names of <see cref="ResizeMethod"/> in files and options.</summary>
public static class ResizeMethods
{
    private static readonly string[] All = ["none", "tf1-bilinear", "half-pixel-bilinear", "antialiased-bicubic"];

    public static IReadOnlyList<string> Names => All;

    public static string Name(this ResizeMethod method) => All[(int)method];

    public static ResizeMethod? Parse(string name) => Array.IndexOf(All, name) is >= 0 and var index ? (ResizeMethod)index : null;
}
