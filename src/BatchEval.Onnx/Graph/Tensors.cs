using System.Runtime.InteropServices;
using BatchEval.Onnx.Graph.Proto;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Graph;

/// <summary>What the graph code must know about constant tensors.</summary>
internal static class Tensors
{
    public static long Elements(TensorProto tensor) => tensor.Dims.Aggregate(1L, (product, d) => product * d);

    public static bool IsFloating(TensorProto tensor) =>
        (Type)tensor.DataType is Type.Float or Type.Float16 or Type.Bfloat16 or Type.Double
            or Type.Float8E4M3Fn or Type.Float8E4M3Fnuz or Type.Float8E5M2 or Type.Float8E5M2Fnuz;

    /// <summary>The value of a floating tensor with one element, or null.</summary>
    public static double? Scalar(TensorProto tensor)
    {
        if (Elements(tensor) != 1 || OnnxModel.IsExternal(tensor))
        {
            return null;
        }

        var raw = tensor.RawData.Span;
        return (Type)tensor.DataType switch
        {
            Type.Float => raw.Length == 4 ? MemoryMarshal.Read<float>(raw) : tensor.FloatData.FirstOrDefault(),
            Type.Double => raw.Length == 8 ? MemoryMarshal.Read<double>(raw) : tensor.DoubleData.FirstOrDefault(),
            Type.Float16 => (double)(raw.Length == 2 ? MemoryMarshal.Read<Half>(raw) : BitConverter.UInt16BitsToHalf((ushort)tensor.Int32Data.FirstOrDefault())),
            _ => null,
        };
    }

    public static TensorProto Integers(string name, params ReadOnlySpan<long> values)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)Type.Int64, Dims = { values.Length } };
        tensor.Int64Data.AddRange(values.ToArray());
        return tensor;
    }
}
