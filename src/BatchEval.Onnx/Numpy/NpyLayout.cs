using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace BatchEval.Onnx.Numpy;

/// <summary>Brings elements as they stand in a file into the one layout used in memory: little-endian, row-major.</summary>
internal static class NpyLayout
{
    /// <summary>Converts bytes that fit the header; in place where possible.</summary>
    public static byte[] Normalise(NpyHeader header, byte[] data)
    {
        int size = header.Kind.Size();
        if (header.BigEndian)
        {
            ReverseBytes(data, size);
        }

        if (header.Kind == NpyKind.Boolean)
        {
            // C# has only two booleans; a file may hold any byte.
            foreach (ref byte value in data.AsSpan())
            {
                value = value == 0 ? (byte)0 : (byte)1;
            }
        }

        return header.FortranOrder && header.Shape.Count > 1 ? ToRowMajor(data, size, header.Shape) : data;
    }

    private static void ReverseBytes(byte[] data, int size)
    {
        switch (size)
        {
            case 2:
                Span<ushort> two = MemoryMarshal.Cast<byte, ushort>(data.AsSpan());
                BinaryPrimitives.ReverseEndianness(two, two);
                break;
            case 4:
                Span<uint> four = MemoryMarshal.Cast<byte, uint>(data.AsSpan());
                BinaryPrimitives.ReverseEndianness(four, four);
                break;
            case 8:
                Span<ulong> eight = MemoryMarshal.Cast<byte, ulong>(data.AsSpan());
                BinaryPrimitives.ReverseEndianness(eight, eight);
                break;
        }
    }

    private static byte[] ToRowMajor(byte[] data, int size, IReadOnlyList<int> shape)
    {
        // Walks the result in order and keeps the matching position in the source, whose first index varies fastest.
        int rank = shape.Count;
        var strides = new int[rank];
        int stride = size;
        for (var axis = 0; axis < rank; axis++)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }

        var result = new byte[data.Length];
        var index = new int[rank];
        int from = 0;
        for (var to = 0; to < data.Length; to += size)
        {
            data.AsSpan(from, size).CopyTo(result.AsSpan(to));
            for (var axis = rank - 1; axis >= 0; axis--)
            {
                from += strides[axis];
                if (++index[axis] < shape[axis])
                {
                    break;
                }

                from -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }

        return result;
    }
}
