using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Runtime;

/// <summary>Where and how networks run.</summary>
/// <param name="Device"><c>cpu</c>, or <c>cuda</c> with an optional index as in <c>cuda:1</c>.</param>
/// <param name="Threads">Threads inside one call; 1 lets several units run side by side, which is fastest on a CPU.</param>
public sealed record DeviceOptions(string Device = "cpu", int Threads = 1)
{
    /// <summary>Whether CUDA may round single precision to TF32 inside products, as ONNX Runtime does unless told otherwise.</summary>
    public bool AllowTf32 { get; init; } = true;

    /// <summary>Whether CUDA records a network's kernels and replays them. Only for calls whose values are bound (<see cref="BoundCall"/>).</summary>
    public bool CudaGraph { get; init; }

    /// <summary>Kind of device, without its number.</summary>
    public string Kind => KindOf(Device);

    /// <summary>Kind of a device as users name it: <c>cuda</c> of <c>cuda:1</c>.</summary>
    public static string KindOf(string device) => device.Split(':')[0];

    /// <summary>Number of the CUDA device, or null on the processor.</summary>
    /// <exception cref="ArgumentException">An unknown device.</exception>
    public int? CudaIndex => Device.Split(':') switch
    {
        ["cpu"] => null,
        ["cuda"] => 0,
        ["cuda", var text] when int.TryParse(text, out var index) && index >= 0 => index,
        _ => throw new ArgumentException($"Unknown device '{Device}'; allowed: cpu, cuda, cuda:<index>."),
    };

    /// <summary>The execution provider in words, for example <c>cpu (ONNX Runtime 1.31.1, CPU provider)</c>.</summary>
    /// <exception cref="ArgumentException">An unknown device.</exception>
    public string Provider => $"{Device} (ONNX Runtime {OrtEnv.Instance().GetVersionString()}, {(CudaIndex is null ? "CPU" : "CUDA")} provider)";

    /// <summary>Builds the session options.</summary>
    /// <exception cref="ArgumentException">An unknown device.</exception>
    /// <exception cref="Core.Json.ProblemException">The CUDA provider could not be loaded.</exception>
    public SessionOptions CreateSessionOptions()
    {
        var cuda = CudaIndex;
        var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = Threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (cuda is { } index)
        {
            CudaProvider.Append(options, index, AllowTf32, CudaGraph);
        }

        return options;
    }

    /// <summary>The memory in which a network's values lie between calls.</summary>
    internal OrtMemoryInfo CreateMemoryInfo() =>
        new(CudaIndex is null ? "Cpu" : "Cuda", OrtAllocatorType.DeviceAllocator, CudaIndex ?? 0, OrtMemType.Default);
}
