using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Runtime;

/// <summary>
/// Room for values on a session's device, all given back together. Lives no longer than the session. The memory is ours and not the values',
/// which is what ONNX Runtime asks of weights that sessions share.
/// </summary>
internal sealed class DeviceBuffers : IDisposable
{
    private readonly Stack<IDisposable> values = [];
    private readonly OrtMemoryInfo memory;
    private readonly OrtAllocator allocator;

    public DeviceBuffers(InferenceSession session, DeviceOptions device)
    {
        memory = device.CreateMemoryInfo();
        allocator = new OrtAllocator(session, memory);
    }

    /// <summary>Makes room for one value.</summary>
    public OrtValue Add(TensorElementType type, long[] shape)
    {
        var bytes = shape.Aggregate(SizeOf(type), (product, d) => checked(product * d));
        var room = allocator.Allocate(checked((uint)bytes));
        values.Push(room);
        return Add(OrtValue.CreateTensorValueWithData(memory, type, shape, room.DangerousGetHandle(), bytes));
    }

    /// <summary>Takes over a value that exists.</summary>
    public OrtValue Add(OrtValue value)
    {
        values.Push(value);
        return value;
    }

    public void Dispose()
    {
        // Memory is freed by the allocator, so it goes last.
        while (values.TryPop(out var value))
        {
            value.Dispose();
        }

        allocator.Dispose();
        memory.Dispose();
    }

    private static long SizeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float => sizeof(float),
        TensorElementType.Double => sizeof(double),
        TensorElementType.Float16 or TensorElementType.BFloat16 => sizeof(ushort),
        _ => throw new NotSupportedException($"Elements of type {type} are not kept on the device."),
    };
}
