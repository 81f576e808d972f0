namespace BatchEval.Onnx.Numpy;

/// <summary>What belongs to each <see cref="NpyKind"/>: NumPy's code, its size, its C# type.</summary>
internal static class NpyKinds
{
    private static readonly (NpyKind Kind, string Code, int Size, Type Type)[] Table =
    [
        (NpyKind.Boolean, "b1", 1, typeof(bool)),
        (NpyKind.UInt8, "u1", 1, typeof(byte)),
        (NpyKind.Int8, "i1", 1, typeof(sbyte)),
        (NpyKind.Int32, "i4", 4, typeof(int)),
        (NpyKind.Int64, "i8", 8, typeof(long)),
        (NpyKind.Float16, "f2", 2, typeof(Half)),
        (NpyKind.Float32, "f4", 4, typeof(float)),
        (NpyKind.Float64, "f8", 8, typeof(double)),
    ];

    /// <summary>Bytes per element.</summary>
    public static int Size(this NpyKind kind) => Table[(int)kind].Size;

    public static Type ElementType(this NpyKind kind) => Table[(int)kind].Type;

    /// <summary>The type descriptor as written: "&lt;" for little-endian, "|" where there is no byte order.</summary>
    public static string Descriptor(this NpyKind kind) => (kind.Size() == 1 ? "|" : "<") + Table[(int)kind].Code;

    /// <summary>The kind that holds elements of type <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException">No kind does.</exception>
    public static NpyKind Of<T>()
    {
        foreach (var row in Table)
        {
            if (row.Type == typeof(T))
            {
                return row.Kind;
            }
        }

        throw new NotSupportedException($"Elements of type {typeof(T).Name} have no NumPy type here; allowed: {string.Join(", ", Table.Select(row => row.Type.Name))}.");
    }

    /// <summary>Reads a type descriptor such as "&lt;f4".</summary>
    /// <exception cref="InvalidDataException">Pickled objects, text, structures, or a number type that is not supported.</exception>
    public static (NpyKind Kind, bool BigEndian) Parse(string descriptor, string source)
    {
        string code = descriptor.TrimStart('<', '>', '|', '=');
        bool bigEndian = descriptor.StartsWith('>');
        if (code.StartsWith('O'))
        {
            throw new InvalidDataException($"{source} holds pickled Python objects (dtype object), which can run code when loaded and are never read. Save plain arrays instead: np.savez(path, mu=mu, sigma=sigma).");
        }

        foreach (var row in Table)
        {
            // "?" is NumPy's other name of a boolean.
            if (row.Code == code || (code == "?" && row.Kind == NpyKind.Boolean))
            {
                return (row.Kind, bigEndian);
            }
        }

        throw new InvalidDataException($"{source} has elements of NumPy type '{descriptor}', which is not supported; allowed: {string.Join(", ", Table.Select(row => row.Code))}. Convert before saving, for example with array.astype(np.float32).");
    }
}
