namespace BatchEval.Onnx.Images;

/// <summary>File formats that are decoded.</summary>
public enum ImageFormat
{
    /// <summary>Portable Network Graphics.</summary>
    Png,

    /// <summary>JPEG, baseline or progressive.</summary>
    Jpeg,
}
