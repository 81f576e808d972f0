using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Images;

/// <summary>
/// Image files from and to pixels, with the codecs of ONNX Runtime Extensions. Thread-safe; the two sessions are opened on
/// first use and live as long as the process.
/// </summary>
/// <remarks>
/// Decoding gives what Pillow's <c>convert("RGB")</c> gives for PNG: transparency is dropped, palettes and grey become RGB;
/// of 16-bit samples the upper byte counts. JPEG orientation tags are not applied, as in Pillow. JPEG pixels agree with
/// Pillow to one level where colour is stored at full resolution; with subsampled colour (4:2:0, the usual case) they
/// differ at colour edges, since the libraries enlarge it in different ways. Use PNG where scores must compare with others'.
/// </remarks>
public static class ImageCodec
{
    /// <summary>Images of more pixels are refused before they are decoded.</summary>
    public const long DefaultMaxPixels = 100_000_000;

    private static readonly Lazy<CodecSession> Decoder = new(() => CodecSession.Open("DecodeImage", 1, 3, ("color_space", "rgb")));
    private static readonly Lazy<CodecSession> Encoder = new(() => CodecSession.Open("EncodeImage", 3, 1, ("color_space", "rgb"), ("format", "png")));

    /// <summary>Writes an image as PNG: lossless, the same bytes for the same pixels.</summary>
    public static byte[] EncodePng(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Encoder.Value.Run(image.Pixels, image.Height, image.Width, 3).Data;
    }

    /// <summary>Reads a PNG or JPEG image.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="source">Its name, for messages.</param>
    /// <param name="maxPixels">Largest number of pixels to decode.</param>
    /// <exception cref="InvalidDataException">Empty, truncated, damaged, another format, a variant that is not supported, or too large.</exception>
    public static RgbImage Decode(byte[] bytes, string source = "The image", long maxPixels = DefaultMaxPixels)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ImageInfo info = ImageInfo.Read(bytes, source);
        if (info.Pixels > maxPixels)
        {
            throw new InvalidDataException($"{source} has {info.Width} x {info.Height} = {info.Pixels} pixels; at most {maxPixels} are allowed.");
        }

        try
        {
            (long[] shape, byte[] pixels) = Decoder.Value.Run(bytes, bytes.Length);
            return ToImage(info, shape, pixels, source);
        }
        catch (OnnxRuntimeException error)
        {
            throw new InvalidDataException($"{source} is a damaged {info.Format.ToString().ToUpperInvariant()} image and cannot be decoded: {SessionLoader.FirstLine(error.Message)}", error);
        }
    }

    private static RgbImage ToImage(ImageInfo info, long[] shape, byte[] pixels, string source)
    {
        if (shape.Length != 3 || shape[0] != info.Height || shape[1] != info.Width || shape[2] is not (1 or 3))
        {
            throw new InvalidDataException($"{source} was decoded to {string.Join(" x ", shape)}, but its header says {info.Height} x {info.Width}.");
        }

        // Grey JPEG images come with one channel.
        return new RgbImage(info.Width, info.Height, shape[2] == 3 ? pixels : Repeat(pixels));
    }

    private static byte[] Repeat(byte[] grey)
    {
        var pixels = new byte[checked(3 * grey.Length)];
        for (int p = 0; p < grey.Length; p++)
        {
            pixels.AsSpan(3 * p, 3).Fill(grey[p]);
        }

        return pixels;
    }
}
