using System.Runtime.InteropServices;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using Microsoft.ML.OnnxRuntime;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Blocks;

/// <summary>One copy of a model's larger weights, and of the forms that kernels pack them into, for all sessions on parts of the model.</summary>
internal sealed class SharedWeights : IDisposable
{
    private const int WorthSharing = 1024;
    private readonly Dictionary<string, OrtValue> values = new(StringComparer.Ordinal);

    public SharedWeights(OnnxModel model)
    {
        foreach (var tensor in model.Graph.Initializer.Where(t => !OnnxModel.IsExternal(t) && t.RawData.Length >= WorthSharing))
        {
            if (Create(tensor) is { } value)
            {
                values[tensor.Name] = value;
            }
        }
    }

    /// <summary>Kernels' packed forms of the shared weights.</summary>
    public PrePackedWeightsContainer Packed { get; } = new();

    public IReadOnlyDictionary<string, OrtValue> Values => values;

    /// <summary>Gives a session the weights that its model has.</summary>
    public void AddTo(SessionOptions options, ModelProto model)
    {
        foreach (var tensor in model.Graph.Initializer)
        {
            if (values.TryGetValue(tensor.Name, out var value))
            {
                options.AddInitializer(tensor.Name, value);
            }
        }
    }

    public void Dispose()
    {
        foreach (var value in values.Values)
        {
            value.Dispose();
        }

        Packed.Dispose();
    }

    private static OrtValue? Create(TensorProto tensor) => (Type)tensor.DataType switch
    {
        Type.Float => Create<float>(tensor),
        Type.Float16 => Create<Float16>(tensor),
        _ => null,
    };

    private static OrtValue Create<T>(TensorProto tensor)
        where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, T>(tensor.RawData.Span).ToArray(), [.. tensor.Dims]);
}
