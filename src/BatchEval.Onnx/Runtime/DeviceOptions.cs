using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Runtime;

/// <summary>Where and how networks run.</summary>
/// <param name="Device"><c>cpu</c>, or <c>cuda</c> with an optional index as in <c>cuda:1</c>.</param>
/// <param name="Threads">Threads inside one call; 1 lets several units run side by side, which is fastest on a CPU.</param>
public sealed record DeviceOptions(string Device = "cpu", int Threads = 1)
{
    /// <summary>Builds the session options.</summary>
    /// <exception cref="ArgumentException">An unknown device.</exception>
    public SessionOptions CreateSessionOptions()
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = Threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (CudaIndex() is { } index)
        {
            options.AppendExecutionProvider_CUDA(index);
        }

        return options;
    }

    private int? CudaIndex() => Device.Split(':') switch
    {
        ["cpu"] => null,
        ["cuda"] => 0,
        ["cuda", var text] when int.TryParse(text, out var index) && index >= 0 => index,
        _ => throw new ArgumentException($"Unknown device '{Device}'; allowed: cpu, cuda, cuda:<index>."),
    };
}
