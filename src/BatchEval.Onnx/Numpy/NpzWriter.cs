using System.IO.Compression;

namespace BatchEval.Onnx.Numpy;

/// <summary>Writes named arrays one after another into a <c>.npz</c> archive; the same content gives the same bytes.</summary>
public sealed class NpzWriter : IDisposable
{
    // The earliest time a zip entry can carry, as NumPy writes too.
    private static readonly DateTimeOffset FixedTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ZipArchive archive;
    private readonly CompressionLevel level;
    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    /// <summary>Starts an archive.</summary>
    /// <param name="stream">Writable; left open.</param>
    /// <param name="compress">Deflate (as <c>np.savez_compressed</c>) instead of store (as <c>np.savez</c>).</param>
    public NpzWriter(Stream stream, bool compress = false)
    {
        archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        level = compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression;
    }

    /// <summary>Writes all arrays into a stream, which is left open.</summary>
    /// <exception cref="ArgumentException">An empty name or the same name twice.</exception>
    public static void Write(Stream stream, IEnumerable<(string Name, NpyArray Array)> arrays, bool compress = false)
    {
        using var writer = new NpzWriter(stream, compress);
        foreach ((string name, NpyArray array) in arrays)
        {
            writer.Add(name, array);
        }
    }

    /// <summary>Appends an array.</summary>
    /// <exception cref="ArgumentException">An empty name or one that is there already.</exception>
    public void Add(string name, NpyArray array)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (!names.Add(name))
        {
            throw new ArgumentException($"The archive holds an array named '{name}' already.", nameof(name));
        }

        ZipArchiveEntry entry = this.archive.CreateEntry(name + ".npy", level);
        entry.LastWriteTime = FixedTime;
        using Stream stream = entry.Open();
        NpyFormat.Write(stream, array);
    }

    /// <summary>Writes the directory that makes the archive complete.</summary>
    public void Dispose() => archive.Dispose();
}
