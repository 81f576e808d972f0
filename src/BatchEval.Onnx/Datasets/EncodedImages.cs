using System.Runtime.ExceptionServices;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Datasets;

/// <summary>What folders and blobs of image files have in common.</summary>
public static class EncodedImages
{
    /// <summary>The names that end as image files do, sorted by their characters' codes.</summary>
    /// <exception cref="InvalidDataException">Images of other formats lie among them and would be left out silently.</exception>
    public static string[] Choose(IEnumerable<string> names, string source)
    {
        string[] all = [.. names.Order(StringComparer.Ordinal)];
        string[] other = [.. all.Where(name => Has(name, ImageFiles.OtherEndings))];
        return other.Length == 0
            ? [.. all.Where(name => Has(name, ImageFiles.Endings))]
            : throw new InvalidDataException($"{source} holds {other.Length} images of other formats, the first is '{other[0]}'; they would be left out. Only {ImageFiles.Kinds} images are read: convert them to PNG, or move them away.");
    }

    /// <summary>Decodes several files side by side, in order.</summary>
    /// <param name="read">Reads the bytes of one.</param>
    internal static RgbImage[] DecodeAll(string[] names, Func<string, byte[]> read)
    {
        try
        {
            return [.. names.AsParallel().AsOrdered().Select(name => ImageCodec.Decode(read(name), name))];
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions.OrderBy(inner => inner.Message, StringComparer.Ordinal).First());
            throw;
        }
    }

    private static bool Has(string name, string[] endings) => endings.Contains(Path.GetExtension(name).ToLowerInvariant());
}
