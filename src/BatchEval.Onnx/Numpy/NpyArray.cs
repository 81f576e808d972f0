using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace BatchEval.Onnx.Numpy;

/// <summary>An array with its element type and shape; row-major (C order), little-endian, in memory.</summary>
public sealed class NpyArray
{
    private readonly byte[] data;
    private readonly int[] shape;

    /// <summary>Takes over row-major bytes that fit the kind and shape.</summary>
    internal NpyArray(NpyKind kind, int[] shape, byte[] data) => (Kind, this.shape, this.data) = (kind, shape, data);

    /// <summary>Element type.</summary>
    public NpyKind Kind { get; }

    /// <summary>Dimensions; empty for a single number.</summary>
    public IReadOnlyList<int> Shape => shape;

    /// <summary>Number of elements.</summary>
    public int Length => data.Length / Kind.Size();

    /// <summary>The elements as they lie in memory.</summary>
    public ReadOnlySpan<byte> Bytes => data;

    /// <summary>Copies values into an array.</summary>
    /// <param name="values">Row-major elements.</param>
    /// <param name="shape">Dimensions whose product is the number of values.</param>
    /// <typeparam name="T">bool, byte, sbyte, int, long, Half, float or double.</typeparam>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    /// <exception cref="NotSupportedException">No NumPy type for <typeparamref name="T"/> here.</exception>
    public static NpyArray From<T>(ReadOnlySpan<T> values, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        NpyKind kind = NpyKinds.Of<T>();
        CheckShape(values.Length, shape);
        return new NpyArray(kind, shape.ToArray(), MemoryMarshal.AsBytes(values).ToArray());
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, ReadOnlySpan{int})"/>
    public static NpyArray From<T>(T[] values, params ReadOnlySpan<int> shape)
        where T : unmanaged => From((ReadOnlySpan<T>)values, shape);

    /// <summary>The elements without a copy.</summary>
    /// <typeparam name="T">The C# type of <see cref="Kind"/>.</typeparam>
    /// <exception cref="InvalidOperationException">The array holds another type.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged => typeof(T) == Kind.ElementType()
            ? MemoryMarshal.Cast<byte, T>(data)
            : throw new InvalidOperationException($"The array holds {Kind} elements, not {typeof(T).Name}.");

    /// <summary>The elements as single precision, rounded where they need it; booleans are 0 and 1.</summary>
    public float[] ToFloat32() => To<float>();

    /// <summary>The elements as double precision; booleans are 0 and 1.</summary>
    public double[] ToFloat64() => To<double>();

    /// <summary>The elements as integers.</summary>
    /// <exception cref="InvalidOperationException">The array holds floating point numbers.</exception>
    public long[] ToInt64() => Kind is NpyKind.Float16 or NpyKind.Float32 or NpyKind.Float64
        ? throw new InvalidOperationException($"The array holds {Kind} elements; integers are needed here.")
        : To<long>();

    /// <summary>A copy of the elements of an array of bytes (u1).</summary>
    /// <exception cref="InvalidOperationException">The array holds another type.</exception>
    public byte[] ToBytes() => AsSpan<byte>().ToArray();

    /// <summary>Refuses a shape whose product is not the number of values.</summary>
    internal static void CheckShape(int values, ReadOnlySpan<int> shape)
    {
        long count = 1;
        foreach (int size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
            count = checked(count * size);
        }

        if (count != values)
        {
            throw new ArgumentException($"Shape {NpyHeader.Describe(shape)} holds {count} elements, but {values} were given.", nameof(shape));
        }
    }

    private T[] To<T>()
        where T : unmanaged, INumber<T>
    {
        var result = new T[Length];
        switch (Kind)
        {
            case NpyKind.Boolean:
            case NpyKind.UInt8: Convert<byte, T>(result); break;
            case NpyKind.Int8: Convert<sbyte, T>(result); break;
            case NpyKind.Int32: Convert<int, T>(result); break;
            case NpyKind.Int64: Convert<long, T>(result); break;
            case NpyKind.Float16: Convert<Half, T>(result); break;
            case NpyKind.Float32: Convert<float, T>(result); break;
            default: Convert<double, T>(result); break;
        }

        return result;
    }

    private void Convert<TFrom, TTo>(TTo[] destination)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo> =>
        TensorPrimitives.ConvertTruncating<TFrom, TTo>(MemoryMarshal.Cast<byte, TFrom>(data), destination);
}
