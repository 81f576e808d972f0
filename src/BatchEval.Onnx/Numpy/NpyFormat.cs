using System.Runtime.InteropServices;

namespace BatchEval.Onnx.Numpy;

/// <summary>
/// Reads and writes single arrays in NumPy's <c>.npy</c> format. Reading understands versions 1 to 3, both byte orders and
/// both element orders; writing is always version 1, little-endian, row-major. Pickled objects are never read.
/// </summary>
public static class NpyFormat
{
    /// <summary>Reads one array and leaves the stream behind it, as NumPy does: several may follow one another.</summary>
    /// <param name="stream">Readable; need not seek.</param>
    /// <param name="source">Name of the file or entry, for messages.</param>
    /// <exception cref="InvalidDataException">Not an array, truncated, or an element type that is not supported.</exception>
    public static NpyArray Read(Stream stream, string source = "The stream")
    {
        NpyHeader header = NpyHeader.Read(stream, source);
        byte[] data = NpyPayload.Read(stream, header.ByteCount, source);
        return new NpyArray(header.Kind, [.. header.Shape], NpyLayout.Normalise(header, data));
    }

    /// <summary>Reads a file that holds one array and nothing else.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Read"/>, or bytes after the array.</exception>
    public static NpyArray ReadFile(string path)
    {
        using FileStream stream = File.OpenRead(path);
        NpyArray array = Read(stream, path);
        NpyPayload.ExpectEnd(stream, path);
        return array;
    }

    /// <summary>Reads the bytes of a file that holds one array and nothing else.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Read"/>, or bytes after the array.</exception>
    public static NpyArray FromBytes(byte[] bytes, string source = "The array")
    {
        using var stream = new MemoryStream(bytes, writable: false);
        NpyArray array = Read(stream, source);
        NpyPayload.ExpectEnd(stream, source);
        return array;
    }

    public static void Write(Stream stream, NpyArray array)
    {
        Write(stream, array.Kind, array.Shape, array.Bytes);
    }

    /// <summary>Writes row-major values without copying them first.</summary>
    /// <param name="values">Row-major elements: bool, byte, sbyte, int, long, Half, float or double.</param>
    /// <param name="shape">Dimensions whose product is the number of values.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static void Write<T>(Stream stream, ReadOnlySpan<T> values, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        NpyArray.CheckShape(values.Length, shape);
        Write(stream, NpyKinds.Of<T>(), shape.ToArray(), MemoryMarshal.AsBytes(values));
    }

    /// <inheritdoc cref="Write{T}(Stream, ReadOnlySpan{T}, ReadOnlySpan{int})"/>
    public static void Write<T>(Stream stream, T[] values, params ReadOnlySpan<int> shape)
        where T : unmanaged => Write(stream, (ReadOnlySpan<T>)values, shape);

    /// <summary>Row-major values as the bytes of a whole file.</summary>
    /// <inheritdoc cref="Write{T}(Stream, ReadOnlySpan{T}, ReadOnlySpan{int})"/>
    public static byte[] ToBytes<T>(T[] values, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        using var stream = new MemoryStream();
        Write(stream, (ReadOnlySpan<T>)values, shape);
        return stream.ToArray();
    }

    /// <summary>Writes an array as a file; an existing file is replaced.</summary>
    public static void WriteFile(string path, NpyArray array)
    {
        using FileStream stream = File.Create(path);
        Write(stream, array);
    }

    private static void Write(Stream stream, NpyKind kind, IReadOnlyList<int> shape, ReadOnlySpan<byte> bytes)
    {
        stream.Write(NpyHeader.ToBytes(kind, shape));
        stream.Write(bytes);
    }
}
