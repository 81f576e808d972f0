using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>
/// One and the same call, timed on any network. On a processor, sessions have one thread and its processor time counts, so that other
/// work on the machine blurs the result little; elsewhere the wall clock counts.
/// </summary>
internal sealed class TimedCall(ModelManifest manifest, Conditioning conditioning, DeviceOptions device, int batch)
{
    private readonly float[] states = Enumerable.Range(0, batch * manifest.Sample.Size).Select(i => MathF.Sin(i)).ToArray();
    private readonly float[] times = Enumerable.Repeat((float)(manifest.Schedule.MaxTime / 2), batch).ToArray();
    private float[] output = [];
    private readonly IReadOnlyList<Feed> feeds = conditioning.ForAny(batch);

    /// <summary>The device as sessions that are timed should have it.</summary>
    public static DeviceOptions Timed(DeviceOptions device) => device.Device == "cpu" ? device with { Threads = 1 } : device;

    public double Milliseconds(DenoiserNetwork network)
    {
        if (output.Length != batch * network.OutputSize)
        {
            output = new float[batch * network.OutputSize];
        }

        return ThreadClock.Milliseconds(() => network.Run(states, times, feeds, output), onThisThread: device is { Device: "cpu", Threads: 1 });
    }
}
