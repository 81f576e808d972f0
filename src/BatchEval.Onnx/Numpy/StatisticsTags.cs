using System.Text;

namespace BatchEval.Onnx.Numpy;

/// <summary>What statistics were computed from. We write it beside mu and sigma as arrays of bytes (text), which other programs ignore.</summary>
/// <param name="Preprocessing">Tag of resize and scaling.</param>
/// <param name="Network">Digest of the feature network.</param>
public sealed record StatisticsTags(string Preprocessing, string Network, string Images)
{
    private const string Prefix = "batcheval_";

    /// <summary>Reads the tags of a statistics file, or null where it has none (as those of other programs).</summary>
    /// <exception cref="InvalidDataException">A tag is no text.</exception>
    public static StatisticsTags? Read(string path)
    {
        using NpzFile file = NpzFile.Open(path);
        string[] names = [.. new StatisticsTags(string.Empty, string.Empty, string.Empty).Entries().Select(entry => entry.Name)];
        if (!names.All(file.Contains))
        {
            return null;
        }

        string[] texts = [.. names.Select(name => file.Read(name) is { Kind: NpyKind.UInt8 } array
            ? Encoding.UTF8.GetString(array.Bytes)
            : throw new InvalidDataException($"{path}[{name}] must be text as bytes."))];
        return new StatisticsTags(texts[0], texts[1], texts[2]);
    }

    internal (string Name, string Text)[] Entries() => [(Prefix + "preprocessing", Preprocessing), (Prefix + "network", Network), (Prefix + "images", Images)];
}
