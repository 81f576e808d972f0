using System.Diagnostics;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Onnx.Blocks;

/// <summary>One and the same call, timed on any network.</summary>
internal sealed class TimedCall(ModelManifest manifest, ContextBank? contexts, int batch)
{
    private readonly float[] states = Enumerable.Range(0, batch * manifest.Sample.Size).Select(i => MathF.Sin(i)).ToArray();
    private readonly float[] times = Enumerable.Repeat((float)(manifest.Schedule.MaxTime / 2), batch).ToArray();
    private readonly float[] labels = new float[batch];
    private readonly float[] output = new float[batch * manifest.Sample.Size];
    private readonly (float[], long[])? context = contexts?.For(new long[batch]);

    public double Milliseconds(DenoiserNetwork network)
    {
        var begin = Stopwatch.GetTimestamp();
        network.Run(states, times, labels, context, output);
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }
}
