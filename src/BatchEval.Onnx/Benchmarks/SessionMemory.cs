using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>Memory in use at one moment.</summary>
/// <param name="When">After what.</param>
/// <param name="Bytes">Bytes in use, see <see cref="DeviceMemory"/>; null where nothing tells them.</param>
/// <param name="Failure">Why it went no further, or null.</param>
public sealed record MemoryReading(string When, long? Bytes, string? Failure = null);

/// <summary>Opens one and the same network several times and reads what each session takes, with and without shared weights.</summary>
public static class SessionMemory
{
    /// <summary>Measures.</summary>
    /// <param name="device">Where the network runs.</param>
    /// <param name="sessions">How many are opened.</param>
    /// <param name="batch">Samples of the one call that each session makes.</param>
    /// <returns>Readings in order; the last one says why, if it could not be done.</returns>
    public static IReadOnlyList<MemoryReading> Measure(ModelPackage package, DeviceOptions device, WeightSharing sharing, int sessions = 2, int batch = 1)
    {
        var readings = new List<MemoryReading>();
        var opened = new Stack<IDisposable>();
        try
        {
            var open = Opener(package, device, sharing, opened);
            readings.Add(new MemoryReading(sharing == WeightSharing.None ? "before" : "weights read", Used(device)));
            for (var session = 1; session <= sessions; session++)
            {
                var network = new DenoiserNetwork(open(), package.Manifest, package.Manifest.Denoiser.File);
                opened.Push(network);
                readings.Add(new MemoryReading($"session {session} opened", Used(device)));
                new TimedCall(package.Manifest, Conditioning.Of(package), device, network.FixedBatch ?? batch).Milliseconds(network);
                readings.Add(new MemoryReading($"session {session} called", Used(device)));
            }
        }
        catch (Exception error) when (error is ProblemException or InvalidOperationException or OnnxRuntimeException or NetworkFailedException)
        {
            readings.Add(new MemoryReading("failed", null, SessionLoader.Reason(error)));
        }
        finally
        {
            while (opened.TryPop(out var item))
            {
                item.Dispose();
            }
        }

        return readings;
    }

    private static Func<InferenceSession> Opener(ModelPackage package, DeviceOptions device, WeightSharing sharing, Stack<IDisposable> opened)
    {
        var path = package.PathOf(package.Manifest.Denoiser.File);
        if (sharing == WeightSharing.None)
        {
            return () => SessionLoader.Open(path, device);
        }

        var model = OnnxModel.Open(path);
        var host = new SharedWeights(model);
        opened.Push(host);
        if (sharing == WeightSharing.Host)
        {
            return () => GraphSession.Open(model.Proto, model, device, host);
        }

        var there = new DeviceWeights(host.Values, device);
        opened.Push(there);
        return () => SessionLoader.Open(path, device, there.AddTo);
    }

    // What was only needed on the way is none of the sessions'.
    private static long? Used(DeviceOptions device)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return DeviceMemory.UsedBytes(device);
    }
}
