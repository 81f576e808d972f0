using SkiaSharp;

namespace BatchEval.Onnx.Images;

/// <summary>Image files from and to pixels, with the codecs of Skia. Thread-safe.</summary>
/// <remarks>
/// Decoding gives the bytes of Pillow's <c>convert("RGB")</c> (tools/golden/images.py): transparency is dropped, palettes and grey become RGB, CMYK is
/// converted without a profile, colour profiles and gamma are not applied, and of an animation the first image is read. What programs turn into 8-bit RGB
/// in different ways is refused: 16 bits per sample, an orientation other than upright, and transparent pixels without a colour of their own (GIF, BMP).
/// </remarks>
public static class ImageCodec
{
    /// <summary>Images of more pixels are refused before they are decoded.</summary>
    public const long DefaultMaxPixels = 100_000_000;

    private const int ZlibLevel = 6;

    /// <summary>Writes an image as PNG: lossless, the same bytes for the same pixels.</summary>
    public static byte[] EncodePng(RgbImage image)
    {
        using var bitmap = new SKBitmap(Layout(image.Width, image.Height, SKAlphaType.Opaque));
        Span<byte> target = bitmap.GetPixelSpan();
        for (var p = 0; 3 * p < image.Pixels.Length; p++)
        {
            image.Pixels.AsSpan(3 * p, 3).CopyTo(target[(4 * p)..]);
            target[(4 * p) + 3] = byte.MaxValue;
        }

        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData file = pixels.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, ZlibLevel))
            ?? throw new InvalidOperationException($"An image of {image.Width} x {image.Height} pixels could not be written as PNG.");
        return file.ToArray();
    }

    /// <summary>Reads a PNG, JPEG, WebP, BMP or GIF image.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="maxPixels">Largest number of pixels to decode.</param>
    /// <exception cref="InvalidDataException">Empty, truncated, damaged, another format, too large, or programs disagree on its pixels.</exception>
    public static RgbImage Decode(byte[] bytes, string source = "The image", long maxPixels = DefaultMaxPixels)
    {
        ImageFiles.RequireKnown(bytes, source);
        using SKData data = SKData.CreateCopy(bytes);
        using var stream = new SKMemoryStream(data);
        using SKCodec codec = SKCodec.Create(stream, out SKCodecResult opened) ?? throw ImageFiles.Undecodable(bytes, source, opened);
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > maxPixels)
        {
            throw new InvalidDataException($"{source} has {width} x {height} = {(long)width * height} pixels; at most {maxPixels} are allowed.");
        }

        ImageFiles.RequireComparable(bytes, source, codec.EncodedOrigin);
        using var bitmap = new SKBitmap(Layout(width, height, SKAlphaType.Unpremul));
        SKCodecResult decoded = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        return decoded == SKCodecResult.Success
            ? ToImage(bitmap, codec.EncodedFormat, source)
            : throw ImageFiles.Undecodable(bytes, source, decoded);
    }

    // Without a colour space nothing is converted.
    private static SKImageInfo Layout(int width, int height, SKAlphaType alpha) => new(width, height, SKColorType.Rgba8888, alpha);

    private static RgbImage ToImage(SKBitmap bitmap, SKEncodedImageFormat format, string source)
    {
        ReadOnlySpan<byte> from = bitmap.GetPixelSpan();
        bool colourless = format is SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp;
        var pixels = new byte[3 * (long)bitmap.Width * bitmap.Height];
        for (var p = 0; 3 * p < pixels.Length; p++)
        {
            if (colourless && from[(4 * p) + 3] == 0)
            {
                throw new InvalidDataException($"{source} is a {format.ToString().ToUpperInvariant()} image with transparent pixels, to which programs give different colours. Save it as PNG without transparency.");
            }

            from.Slice(4 * p, 3).CopyTo(pixels.AsSpan(3 * p));
        }

        return new RgbImage(bitmap.Width, bitmap.Height, pixels);
    }
}
