using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Runtime;

/// <summary>Calls of networks whose failures are those of the machine, and so are tried again.</summary>
internal static class NetworkCall
{
    /// <summary>Calls a network; the results are the caller's to dispose of.</summary>
    /// <param name="file">File name for messages.</param>
    /// <param name="batch">Samples in the call.</param>
    /// <exception cref="NetworkFailedException">The runtime fails.</exception>
    public static IDisposableReadOnlyCollection<OrtValue> Run(
        InferenceSession session, string file, int batch, IReadOnlyCollection<string> inputs, IReadOnlyCollection<OrtValue> values, IReadOnlyCollection<string> outputs)
    {
        using var options = new RunOptions();
        try
        {
            return session.Run(options, inputs, values, outputs);
        }
        catch (OnnxRuntimeException error)
        {
            throw new NetworkFailedException(file, batch, error);
        }
    }

    /// <summary>Goes over items in batches. When memory runs out the batch is halved, down to one item, and stays so.</summary>
    /// <param name="batch">Most items at once.</param>
    /// <param name="compute">Takes the first item and how many.</param>
    public static void InBatches(int count, int batch, Action<int, int> compute)
    {
        for (var start = 0; start < count;)
        {
            var size = Math.Min(batch, count - start);
            try
            {
                compute(start, size);
                start += size;
            }
            catch (Exception error) when (size > 1 && NetworkFailedException.IsOutOfMemory(error))
            {
                batch = size / 2;
            }
        }
    }
}
