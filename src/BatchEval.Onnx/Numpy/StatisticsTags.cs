using System.Text;
using BatchEval.Core.Metrics;

namespace BatchEval.Onnx.Numpy;

/// <summary>What statistics were computed from. We write it beside mu and sigma as arrays of bytes (text), which other programs ignore.</summary>
/// <param name="Preprocessing">Tag of resize and scaling.</param>
/// <param name="Network">Digest of the feature network.</param>
public sealed record StatisticsTags(string Preprocessing, string Network, string Images)
{
    private const string Prefix = "batcheval_";

    /// <summary>Writes statistics with their tags; <see cref="StatisticsFile.Read(string, StatisticsKeys?)"/> reads the statistics.</summary>
    /// <param name="stream">Writable; left open.</param>
    /// <param name="statistics">Mean and covariance.</param>
    public void Write(Stream stream, GaussianStatistics statistics)
    {
        StatisticsKeys keys = StatisticsKeys.Default;
        int d = statistics.Dimensions;
        using var writer = new NpzWriter(stream);
        writer.Add(keys.Mean, NpyArray.From(statistics.Mean, d));
        writer.Add(keys.Covariance, NpyArray.From(statistics.Covariance, d, d));
        writer.Add(keys.Count, NpyArray.From([statistics.Count]));
        foreach ((string name, string text) in Entries())
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            writer.Add(name, NpyArray.From(bytes, bytes.Length));
        }
    }

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

    private (string Name, string Text)[] Entries() => [(Prefix + "preprocessing", Preprocessing), (Prefix + "network", Network), (Prefix + "images", Images)];
}
