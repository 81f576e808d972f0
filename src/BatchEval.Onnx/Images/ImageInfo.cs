namespace BatchEval.Onnx.Images;

/// <summary>What an image file says about itself before any pixel is decoded.</summary>
/// <param name="Format">File format.</param>
/// <param name="Width">W, at least 1.</param>
/// <param name="Height">H, at least 1.</param>
public sealed record ImageInfo(ImageFormat Format, int Width, int Height)
{
    /// <summary>W x H.</summary>
    public long Pixels => (long)Width * Height;

    /// <summary>Reads the structure of a file: every part must be there as a whole, and be of a kind that is decoded correctly.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="source">Its name, for messages.</param>
    /// <exception cref="InvalidDataException">Empty, truncated, damaged, another format, or a variant that is not supported.</exception>
    public static ImageInfo Read(ReadOnlySpan<byte> bytes, string source)
    {
        if (bytes.IsEmpty)
        {
            throw new InvalidDataException($"{source} is empty (0 bytes).");
        }

        if (bytes.StartsWith(PngStructure.Signature[..Math.Min(bytes.Length, PngStructure.Signature.Length)]))
        {
            return PngStructure.Check(bytes, source);
        }

        if (bytes.StartsWith(JpegStructure.Signature))
        {
            return new JpegStructure(bytes, source).Check();
        }

        throw new InvalidDataException($"{source} is {NameOf(bytes)}; only PNG and JPEG images are read. Convert it to PNG.");
    }

    private static string NameOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("GIF8"u8)) return "a GIF image";
        if (bytes.StartsWith("BM"u8)) return "a BMP image";
        if (bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8)) return "a TIFF image";
        if (bytes.StartsWith("RIFF"u8) && bytes.Length >= 12 && bytes[8..].StartsWith("WEBP"u8)) return "a WebP image";
        if (bytes.Length >= 12 && bytes[4..].StartsWith("ftyp"u8)) return bytes[8..].StartsWith("avi"u8) ? "an AVIF image" : "a HEIF image or a video";
        return "no image of a known format";
    }
}
