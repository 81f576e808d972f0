using System.Diagnostics;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>Times a package's network on a device, call by call or in whole sampling loops. A row that fails keeps no other from being timed.</summary>
public sealed class NetworkBenchmark : IDisposable
{
    private const int WarmUps = 2;
    private readonly ModelPackage package;
    private readonly DeviceOptions device;
    private readonly BenchmarkOptions options;
    private readonly TimeProvider time;
    private readonly Conditioning conditioning;
    private readonly OpenedNetwork opened;

    /// <summary>Opens the network.</summary>
    /// <param name="time">Clock that says when rows began and ended.</param>
    /// <exception cref="ProblemException">The network cannot be loaded, or the options do not fit together.</exception>
    public NetworkBenchmark(ModelPackage package, DeviceOptions device, BenchmarkOptions options, TimeProvider time)
    {
        (this.package, this.device, this.options, this.time) = (package, device, options, time);
        if (device.CudaGraph && (device.CudaIndex is null || options.Gated || options.Measures.Any(m => m != Measure.Bound)))
        {
            throw new ProblemException("CUDA graphs need CUDA, bound values and a network without gates; allowed with them: --device cuda --measure bound.");
        }

        conditioning = Conditioning.Of(package);
        var clock = Stopwatch.StartNew();
        opened = OpenedNetwork.Open(package, device, options.Gated);
        OpenMilliseconds = clock.Elapsed.TotalMilliseconds;
        Plan = new SamplingPlan(
            Candidate.At("ddim", PlacementRules.Create("trailing", package.Manifest.Schedule, options.Steps).Times), package.Manifest.Schedule, package.Manifest.Denoiser.Prediction);
    }

    /// <summary>True where processor time is measured and not the wall clock: one thread on the processor, which other work on the machine then does not slow.</summary>
    public bool ProcessorTime => device is { Device: "cpu", Threads: 1 };

    /// <summary>What opening the session took.</summary>
    public double OpenMilliseconds { get; }

    /// <summary>The sampling loop that is timed.</summary>
    public SamplingPlan Plan { get; }

    /// <summary>Times everything that was asked for.</summary>
    public IEnumerable<Timing> Run(CancellationToken cancellation = default)
    {
        foreach (var batch in options.Batches)
        {
            foreach (var measure in options.Measures)
            {
                yield return Row(measure, batch, cancellation);
            }
        }
    }

    /// <summary>Runs a few calls under ONNX Runtime's own profiler, in a session of their own.</summary>
    /// <param name="batch">Samples per call.</param>
    public CallProfile Profile(Measure measure, int batch, int calls = 3)
    {
        var folder = Directory.CreateTempSubdirectory("batcheval-profile-");
        try
        {
            var prefix = Path.Combine(folder.FullName, "calls");
            using var profiled = OpenedNetwork.Open(package, device, options.Gated, o => (o.EnableProfiling, o.ProfileOutputPathPrefix) = (true, prefix));
            using (var work = Work(profiled.Network, measure, batch))
            {
                for (var call = 0; call < calls; call++)
                {
                    work.Run();
                }
            }

            return CallProfile.Read(profiled.Session.EndProfiling(), calls);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public void Dispose() => opened.Dispose();

    private Timing Row(Measure measure, int batch, CancellationToken cancellation)
    {
        var begun = time.GetUtcNow();
        try
        {
            using var work = Work(opened.Network, measure, opened.Network.FixedBatch ?? batch);
            for (var call = 0; call < WarmUps; call++)
            {
                work.Run();
                cancellation.ThrowIfCancellationRequested();
            }

            begun = time.GetUtcNow();
            var times = Time(work, cancellation);
            return new Timing(measure, opened.Network.FixedBatch ?? batch, times.Count, times[times.Count / 2], times[0], begun, time.GetUtcNow());
        }
        catch (Exception error) when (error is ProblemException or InvalidOperationException or OnnxRuntimeException or NetworkFailedException or OutOfMemoryException)
        {
            return new Timing(measure, batch, 0, 0, 0, begun, time.GetUtcNow(), SessionLoader.Reason(error));
        }
    }

    private List<double> Time(Repeated work, CancellationToken cancellation)
    {
        var times = new List<double>();
        var total = Stopwatch.StartNew();
        while (times.Count < options.Calls || total.Elapsed.TotalSeconds < options.Seconds)
        {
            cancellation.ThrowIfCancellationRequested();
            times.Add(ThreadClock.Milliseconds(work.Run, ProcessorTime));
        }

        times.Sort();
        return times;
    }

    private Repeated Work(DenoiserNetwork network, Measure measure, int batch)
    {
        var manifest = package.Manifest;
        var states = Enumerable.Range(0, batch * manifest.Sample.Size).Select(i => MathF.Sin(i)).ToArray();
        var times = Enumerable.Repeat((float)(manifest.Schedule.MaxTime / 2), batch).ToArray();
        var feeds = conditioning.ForAny(batch);
        switch (measure)
        {
            case Measure.Calls:
                var output = new float[batch * network.OutputSize];
                return new Repeated(() => network.Run(states, times, feeds, output));
            case Measure.Bound:
                return Bound(network, states, times, feeds);
            default:
                var model = new SamplingModel(package, new WholeNetwork(network), conditioning, device: device);
                var engine = new SamplingEngine(model, new NoiseBank(0), new Conditions(Labelled(manifest)), batch) { Loop = measure == Measure.DeviceLoop ? SamplingLoop.Device : SamplingLoop.Host };
                var work = Enumerable.Range(0, batch).Select(i => (Plan.Candidate, (long)i)).ToList();
                return new Repeated(() => engine.Run(work), model.Steps);
        }
    }

    private Repeated Bound(DenoiserNetwork network, float[] states, float[] times, IReadOnlyList<Feed> feeds)
    {
        var (call, buffers) = (network.Bind(), network.Buffers(device));
        try
        {
            network.BindConditions(call, feeds);
            network.BindTimes(call, buffers.Add(network.Times(times)));
            network.BindState(call, network.State(states, times.Length, feeds), owned: true);
            network.BindOutput(call, buffers.Add(network.Layout.Output, network.Layout.OutputShape(times.Length)));
            return new Repeated(call.Run, call, buffers);
        }
        catch
        {
            // Where memory was short, what was taken must be given back.
            call.Dispose();
            buffers.Dispose();
            throw;
        }
    }

    private static int? Labelled(ModelManifest manifest) => manifest.Labels is null ? null : 0;

    private sealed class Repeated(Action run, params IDisposable[] owned) : IDisposable
    {
        public void Run() => run();

        public void Dispose() => Array.ForEach(owned, o => o.Dispose());
    }
}
