using System.IO.Compression;

namespace BatchEval.Onnx.Numpy;

/// <summary>An open <c>.npz</c> file: named arrays in a zip archive, each read when asked for. Not thread-safe.</summary>
public sealed class NpzFile : IDisposable
{
    private const string Extension = ".npy";

    private readonly ZipArchive archive;
    private readonly string source;
    private readonly Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);

    private NpzFile(ZipArchive archive, string source)
    {
        (this.archive, this.source) = (archive, source);
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            string name = entry.FullName.EndsWith(Extension, StringComparison.Ordinal) ? entry.FullName[..^Extension.Length] : entry.FullName;
            if (!entries.TryAdd(name, entry))
            {
                throw new InvalidDataException($"{source} holds two arrays named '{name}'.");
            }
        }
    }

    /// <summary>Names of the arrays, in the order of the file.</summary>
    public IReadOnlyCollection<string> Names => entries.Keys;

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidDataException">Not a zip archive, truncated, or two arrays of the same name.</exception>
    public static NpzFile Open(string path) => Open(File.OpenRead(path), path);

    /// <summary>Opens an archive from a stream, which must be able to seek and is disposed with the result.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Open(string)"/>.</exception>
    public static NpzFile Open(Stream stream, string source)
    {
        try
        {
            return new NpzFile(new ZipArchive(stream, ZipArchiveMode.Read), source);
        }
        catch (InvalidDataException error)
        {
            stream.Dispose();
            throw new InvalidDataException($"{source} is not a readable .npz archive: it is truncated, damaged, or no zip archive.", error);
        }
    }

    /// <summary>Whether there is an array of that name.</summary>
    public bool Contains(string name) => entries.ContainsKey(name);

    /// <summary>Reads one array as a whole.</summary>
    /// <exception cref="InvalidDataException">No such name, or as <see cref="NpyFormat.Read"/>, or a wrong checksum.</exception>
    public NpyArray Read(string name)
    {
        using Stream stream = OpenEntry(name, out string source);
        NpyArray array = NpyFormat.Read(stream, source);
        NpyPayload.ExpectEnd(stream, source);
        return array;
    }

    /// <summary>Opens one array for reading in blocks of rows.</summary>
    /// <exception cref="InvalidDataException">No such name, or as <see cref="NpyRowReader"/>.</exception>
    internal NpyRowReader OpenRows(string name)
    {
        Stream stream = OpenEntry(name, out string source);
        try
        {
            return new NpyRowReader(stream, source);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Dispose() => archive.Dispose();

    private Crc32CheckingStream OpenEntry(string name, out string source)
    {
        if (!entries.TryGetValue(name, out ZipArchiveEntry? entry))
        {
            throw new InvalidDataException($"{this.source} holds no array '{name}'; it holds: {string.Join(", ", Names)}.");
        }

        source = $"{this.source}[{name}]";
        try
        {
            return new Crc32CheckingStream(entry.Open(), entry.Crc32, source);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{source} cannot be read: it is damaged, encrypted, or compressed in another way than NumPy does.", error);
        }
    }
}
