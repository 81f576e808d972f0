using System.Buffers.Binary;
using System.Text;

namespace BatchEval.Onnx.Numpy;

/// <summary>What stands before the elements of a <c>.npy</c> file (NumPy's format specification, versions 1.0, 2.0 and 3.0).</summary>
/// <param name="Kind">Element type.</param>
/// <param name="BigEndian">Most significant byte first.</param>
/// <param name="FortranOrder">First index varies fastest.</param>
public sealed record NpyHeader(NpyKind Kind, bool BigEndian, bool FortranOrder, IReadOnlyList<int> Shape)
{
    // Elements start at a multiple of this, so that files can be mapped into memory.
    private const int Alignment = 64;

    // The supported types need about a hundred bytes; more is a lie or a structure of many fields.
    private const int LongestText = 65535;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Number of bytes that follow the header.</summary>
    public long ByteCount => Count * Kind.Size();

    /// <summary>Reads the header and leaves the stream at the first element.</summary>
    /// <param name="stream">Readable; need not seek.</param>
    /// <param name="source">Name of the file or entry, for messages.</param>
    /// <exception cref="InvalidDataException">Not a <c>.npy</c> file, truncated, or an element type that is not supported.</exception>
    public static NpyHeader Read(Stream stream, string source)
    {
        Span<byte> start = stackalloc byte[8];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read < Magic.Length || !start.StartsWith(Magic))
        {
            throw new InvalidDataException($"{source} is not a NumPy array: it {(read == 0 ? "is empty" : "does not start with \\x93NUMPY")}.");
        }

        byte version = start[6];
        if (version is < 1 or > 3)
        {
            throw new InvalidDataException($"{source} has NumPy format version {version}; allowed: 1, 2 and 3.");
        }

        return NpyHeaderParser.Parse(ReadText(stream, version, source), source);
    }

    /// <summary>The header of a little-endian, row-major array as it is written: version 1.0, padded to a multiple of 64 bytes.</summary>
    internal static byte[] ToBytes(NpyKind kind, IReadOnlyList<int> shape)
    {
        string tuple = string.Join(", ", shape) + (shape.Count == 1 ? "," : string.Empty);
        string text = $"{{'descr': '{kind.Descriptor()}', 'fortran_order': False, 'shape': ({tuple}), }}";

        const int prefix = 10;
        int length = ((prefix + text.Length + 1 + Alignment - 1) / Alignment) * Alignment;
        var bytes = new byte[length];
        Magic.CopyTo(bytes);
        bytes[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), checked((ushort)(length - prefix)));
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(prefix));
        bytes.AsSpan(prefix + text.Length).Fill((byte)' ');
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    /// <summary>A shape as people write it: "[3, 4]".</summary>
    internal static string Describe(params ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    private static string ReadText(Stream stream, byte version, string source)
    {
        Span<byte> size = stackalloc byte[version == 1 ? 2 : 4];
        FillFrom(stream, size, source);
        uint length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > LongestText)
        {
            throw new InvalidDataException($"{source} announces a header of {length} bytes; at most {LongestText} are allowed.");
        }

        var text = new byte[length];
        FillFrom(stream, text, source);
        return (version == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(text);
    }

    private static void FillFrom(Stream stream, Span<byte> destination, string source)
    {
        if (stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) < destination.Length)
        {
            throw new InvalidDataException($"{source} is truncated: it ends within its header.");
        }
    }
}
