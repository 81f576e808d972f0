using System.Globalization;
using BatchEval.Core.Sampling;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Runtime;

/// <summary>One input or output of a network as the network itself declares it; its element type is never assumed.</summary>
/// <param name="Rank">Number of dimensions.</param>
/// <param name="Shape">Declared dimensions; -1 where free.</param>
public sealed record TensorInput(string Name, TensorElementType Type, int Rank, IReadOnlyList<int> Shape)
{
    /// <summary>The shape in words, free extents by their names where they have one.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape.Select((d, i) => d > 0 ? d.ToString(CultureInfo.InvariantCulture) : AxisNames.ElementAtOrDefault(i) is { Length: > 0 } axis ? axis : i == 0 ? "batch" : "any"))}]";

    /// <summary>Names of free extents; empty where they have none.</summary>
    public IReadOnlyList<string> AxisNames { get; init; } = [];

    /// <summary>True for whole numbers.</summary>
    public bool IsInteger => Type is TensorElementType.Int64 or TensorElementType.Int32 or TensorElementType.Int16 or TensorElementType.Int8 or TensorElementType.UInt8;

    /// <summary>Which times it holds where it is a time input.</summary>
    public TimeInput Times => IsInteger ? TimeInput.Whole : Type == TensorElementType.Float16 ? TimeInput.Half : TimeInput.Real;

    /// <summary>All inputs or outputs of a session.</summary>
    public static IReadOnlyList<TensorInput> All(IReadOnlyDictionary<string, NodeMetadata> declared) =>
        [.. declared.Where(d => d.Value.IsTensor).Select(d => new TensorInput(d.Key, d.Value.ElementDataType, d.Value.Dimensions.Length, [.. d.Value.Dimensions]) { AxisNames = d.Value.SymbolicDimensions })];

    /// <summary>Finds a declared input or output.</summary>
    /// <exception cref="ProblemException">No such name; the message lists those there are.</exception>
    public static TensorInput Find(IReadOnlyDictionary<string, NodeMetadata> declared, string name, string role, string file) => Find(All(declared), name, role, file);

    /// <inheritdoc cref="Find(IReadOnlyDictionary{string, NodeMetadata}, string, string, string)"/>
    public static TensorInput Find(IReadOnlyList<TensorInput> declared, string name, string role, string file) => declared.FirstOrDefault(t => t.Name == name)
        ?? throw new ProblemException($"{file} has no {role} named '{name}'; it has: {string.Join(", ", declared.Select(t => t.Name))}.");

    /// <summary>Makes a value of the declared type from single-precision data.</summary>
    /// <exception cref="ProblemException">The declared type is not a number type that this program feeds.</exception>
    public OrtValue Create(float[] data, long[] shape) => Type switch
    {
        TensorElementType.Float => OrtValue.CreateTensorValueFromMemory(data, shape),
        TensorElementType.Float16 => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(data, v => (Float16)v), shape),
        TensorElementType.Double => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(data, v => (double)v), shape),
        TensorElementType.Int64 => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(data, v => (long)MathF.Round(v)), shape),
        TensorElementType.Int32 => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(data, v => (int)MathF.Round(v)), shape),
        _ => throw new ProblemException($"Input '{Name}' wants elements of type {Type}; supported: float, float16, double, int64, int32."),
    };

    /// <summary>Reads a result of any float type as single precision.</summary>
    public static float[] Read(OrtValue value)
    {
        var values = new float[value.GetTensorTypeAndShape().ElementCount];
        Read(value, values);
        return values;
    }

    /// <inheritdoc cref="Read(OrtValue)"/>
    public static void Read(OrtValue value, Span<float> destination)
    {
        switch (value.GetTensorTypeAndShape().ElementDataType)
        {
            case TensorElementType.Float:
                value.GetTensorDataAsSpan<float>().CopyTo(destination);
                break;
            case TensorElementType.Float16:
                Convert(value.GetTensorDataAsSpan<Float16>(), destination, v => (float)v);
                break;
            case TensorElementType.Double:
                Convert(value.GetTensorDataAsSpan<double>(), destination, v => (float)v);
                break;
            case var other:
                throw new ProblemException($"A network returned elements of type {other}; supported: float, float16, double.");
        }
    }

    private static void Convert<T>(ReadOnlySpan<T> source, Span<float> destination, Func<T, float> convert)
    {
        for (var i = 0; i < source.Length; i++)
        {
            destination[i] = convert(source[i]);
        }
    }
}
