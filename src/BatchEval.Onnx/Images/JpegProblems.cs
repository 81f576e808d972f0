namespace BatchEval.Onnx.Images;

/// <summary>The words for JPEG files that are refused.</summary>
internal static class JpegProblems
{
    public static InvalidDataException Damaged(string source, string what) => new($"{source} is a damaged JPEG image: {what}.");

    public static InvalidDataException Truncated(string source) => new($"{source} is a truncated JPEG image: it has no end marker.");

    public static InvalidDataException Unsupported(string source, string what) =>
        new($"{source} is a JPEG image that {what}; supported are baseline and progressive images with 8 bits, grey or in colour. Save it again as PNG.");
}
