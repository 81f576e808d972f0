using System.Runtime.ExceptionServices;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Datasets;

/// <summary>What folders and blobs of image files have in common.</summary>
public static class EncodedImages
{
    // Where a PNG header states the bits per sample.
    private const int PngDepthOffset = 24;

    private static readonly string[] Readable = [".png", ".jpg", ".jpeg"];
    private static readonly string[] Others = [".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".ppm", ".pgm"];

    /// <summary>The names that end as PNG or JPEG files do, sorted by their characters' codes.</summary>
    /// <exception cref="InvalidDataException">Images of other formats lie among them and would be left out silently.</exception>
    public static string[] Choose(IEnumerable<string> names, string source)
    {
        string[] all = [.. names.Order(StringComparer.Ordinal)];
        string[] other = [.. all.Where(name => Has(name, Others))];
        return other.Length == 0
            ? [.. all.Where(name => Has(name, Readable))]
            : throw new InvalidDataException($"{source} holds {other.Length} images of other formats, the first is '{other[0]}'; they would be left out. Only PNG and JPEG images are read: convert them to PNG, or move them away.");
    }

    /// <summary>Decodes one file.</summary>
    /// <exception cref="InvalidDataException">As <see cref="ImageCodec.Decode"/>; or 16 bits per sample.</exception>
    public static RgbImage Decode(byte[] bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (ImageInfo.Read(bytes, name).Format == ImageFormat.Png && bytes[PngDepthOffset] == 16)
        {
            throw new InvalidDataException($"{name} is a PNG image of 16 bits per sample; libraries reduce it to 8 bits in different ways, so scores would not compare. Convert it to 8 bits.");
        }

        return ImageCodec.Decode(bytes, name);
    }

    /// <summary>Decodes several files side by side, in order.</summary>
    /// <param name="names">Names of the files.</param>
    /// <param name="read">Reads the bytes of one.</param>
    internal static RgbImage[] DecodeAll(string[] names, Func<string, byte[]> read)
    {
        try
        {
            return [.. names.AsParallel().AsOrdered().Select(name => Decode(read(name), name))];
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions.OrderBy(inner => inner.Message, StringComparer.Ordinal).First());
            throw;
        }
    }

    private static bool Has(string name, string[] endings) => endings.Contains(Path.GetExtension(name).ToLowerInvariant());
}
