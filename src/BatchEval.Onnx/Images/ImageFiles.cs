using SkiaSharp;

namespace BatchEval.Onnx.Images;

/// <summary>What is read and what is refused, by the first bytes of a file; and why a file could not be decoded, in words.</summary>
internal static class ImageFiles
{
    /// <summary>Endings of the names of files that are read.</summary>
    public static readonly string[] Endings = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"];

    public static readonly string[] OtherEndings = [".tif", ".tiff", ".avif", ".heic", ".jxl", ".ppm", ".pgm", ".ico"];

    /// <summary>The formats, in words.</summary>
    public const string Kinds = "PNG, JPEG, WebP, BMP and GIF";

    // Where a PNG header states the bits per sample.
    private const int PngDepthOffset = 24;

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Refuses what is none of the formats that are read.</summary>
    public static void RequireKnown(ReadOnlySpan<byte> bytes, string source)
    {
        if (bytes.IsEmpty)
        {
            throw new InvalidDataException($"{source} is empty (0 bytes).");
        }

        if (NameOf(bytes) is null)
        {
            throw new InvalidDataException($"{source} is {OtherName(bytes)}; only {Kinds} images are read. Convert it to PNG.");
        }
    }

    /// <summary>Refuses files of which programs make different pixels, and cut ones that the decoder would fill up.</summary>
    public static void RequireComparable(ReadOnlySpan<byte> bytes, string source, SKEncodedOrigin origin)
    {
        if (bytes.StartsWith(PngSignature) && bytes.Length > PngDepthOffset && bytes[PngDepthOffset] == 16)
        {
            throw new InvalidDataException($"{source} is a PNG image of 16 bits per sample; programs reduce it to 8 bits in different ways, so scores would not compare. Convert it to 8 bits.");
        }

        if (origin is not (SKEncodedOrigin.TopLeft or 0))
        {
            throw new InvalidDataException($"{source} has the EXIF orientation {(int)origin} ({origin}); some programs turn it upright and some do not, so scores would not compare. Save it upright without the tag, for example with 'mogrify -auto-orient'.");
        }

        // The decoder accepts a progressive JPEG without its later scans, and a PNG without its end.
        bool cut = bytes.StartsWith(PngSignature) ? bytes.LastIndexOf("IEND"u8) is var end && (end < 0 || end > bytes.Length - 8)
            : bytes.StartsWith(JpegStart) && bytes.LastIndexOf([(byte)0xFF, (byte)0xD9]) < bytes.LastIndexOf([(byte)0xFF, (byte)0xDA]);
        if (cut)
        {
            throw Undecodable(bytes, source, SKCodecResult.IncompleteInput);
        }
    }

    /// <summary>Why a file of a known format was not decoded.</summary>
    public static InvalidDataException Undecodable(ReadOnlySpan<byte> bytes, string source, SKCodecResult result) => new(result switch
    {
        SKCodecResult.IncompleteInput => $"{source} is a truncated {NameOf(bytes)} image: it ends before its last part. Copy it again.",
        SKCodecResult.Unimplemented => $"{source} is a damaged {NameOf(bytes)} image, or one of a variant that is not read. Convert it to PNG of 8 bits.",
        _ => $"{source} is a damaged {NameOf(bytes)} image and cannot be decoded: its content does not fit its header or its checksum. Copy it again.",
    });

    private static ReadOnlySpan<byte> JpegStart => [0xFF, 0xD8, 0xFF];

    private static string? NameOf(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(PngSignature[..Math.Min(bytes.Length, PngSignature.Length)]) ? "PNG"
        : bytes.StartsWith(JpegStart[..Math.Min(bytes.Length, JpegStart.Length)]) ? "JPEG"
        : bytes.Length >= 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8) ? "WebP"
        : bytes.StartsWith("BM"u8) ? "BMP"
        : bytes.StartsWith("GIF87a"u8) || bytes.StartsWith("GIF89a"u8) ? "GIF"
        : null;

    private static string OtherName(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8) ? "a TIFF image"
        : bytes.StartsWith("\0\0\x1\0"u8) ? "an icon"
        : bytes.Length >= 12 && bytes[4..].StartsWith("ftyp"u8) ? (bytes[8..].StartsWith("avi"u8) ? "an AVIF image" : "a HEIF image or a video")
        : "no image of a known format";
}
