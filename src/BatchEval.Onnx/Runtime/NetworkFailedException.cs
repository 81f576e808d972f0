using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Runtime;

/// <summary>A network could not be called: the machine's failure, not a property of what was computed. Another attempt may succeed.</summary>
public sealed class NetworkFailedException : Exception
{
    private static readonly string[] Words = ["out of memory", "failed to allocate", "bad_alloc", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED"];

    /// <summary>Creates an exception with words for people.</summary>
    public NetworkFailedException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <param name="batch">Samples in the call.</param>
    public NetworkFailedException(string file, int batch, OnnxRuntimeException error)
        : base($"{file} failed on a batch of {batch}: {SessionLoader.Reason(error)}", error)
    {
    }

    /// <summary>Whether memory ran out, so that a smaller batch may do.</summary>
    public static bool IsOutOfMemory(Exception error) =>
        error is OutOfMemoryException || (error is NetworkFailedException or OnnxRuntimeException && Array.Exists(Words, word => error.Message.Contains(word, StringComparison.OrdinalIgnoreCase)));
}
