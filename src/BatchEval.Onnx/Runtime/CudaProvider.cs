using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Runtime;

/// <summary>Adds ONNX Runtime's CUDA provider to sessions, and says what is missing where it cannot be loaded.</summary>
internal static class CudaProvider
{
    /// <summary>The provider's own library, which lies beside ONNX Runtime's.</summary>
    public const string Library = "libonnxruntime_providers_cuda.so";

    private const string Needs = "CUDA 13 (libcudart.so.13, libcublas.so.13, libcublasLt.so.13, libcurand.so.10), cuDNN 9 (libcudnn.so.9) and the driver (libcuda.so.1)";

    /// <summary>Adds the provider.</summary>
    /// <exception cref="ProblemException">It, or a library that it needs, could not be loaded, or there is no such device.</exception>
    public static void Append(SessionOptions options, int index, bool tf32, bool graph)
    {
        try
        {
            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(new Dictionary<string, string>
            {
                ["device_id"] = $"{index}", ["use_tf32"] = tf32 ? "1" : "0", ["enable_cuda_graph"] = graph ? "1" : "0",
            });
            options.AppendExecutionProvider_CUDA(cuda);
        }
        catch (Exception error) when (error is OnnxRuntimeException or EntryPointNotFoundException or DllNotFoundException)
        {
            options.Dispose();
            throw new ProblemException(Explain(index, SessionLoader.Reason(error)));
        }
    }

    /// <summary>The words for people.</summary>
    internal static string Explain(int index, string reason)
    {
        var path = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") is { Length: > 0 } folders ? folders : "not set";
        return $"The CUDA provider could not be loaded for device {index}: {Reason(reason)}. Looked for {Library} in {string.Join(", ", Folders())}, and for {Needs} "
            + $"in the system's library folders and in LD_LIBRARY_PATH ({path}). Allowed: --device cpu; eng/gpu/README.md says how to bring these libraries.";
    }

    // "... FAIL : Failed to load library X with error: X: cannot open ..." without the source lines before it, nor what CUDA adds behind its own.
    private static string Reason(string message) => message.Split("FAIL : ")[^1].Split(" ; GPU=")[0].TrimEnd('.');

    private static IEnumerable<string> Folders()
    {
        var probed = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? string.Empty;
        return probed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Prepend(AppContext.BaseDirectory).Select(Path.TrimEndingDirectorySeparator).Distinct();
    }
}
