namespace BatchEval.Onnx.Benchmarks;

public enum Measure
{
    /// <summary>Network calls whose inputs and outputs lie on the processor, as the sampling engine makes them.</summary>
    Calls,

    /// <summary>Network calls whose inputs and outputs are bound once and stay on the device.</summary>
    Bound,

    /// <summary>Whole sampling loops of the sampling engine, noise and all.</summary>
    Engine,

    /// <summary>The same with <see cref="Sampling.SamplingLoop.Device"/>.</summary>
    DeviceLoop,
}

/// <summary>Whether sessions on the same network share its weights.</summary>
public enum WeightSharing
{
    /// <summary>Each session reads its own.</summary>
    None,

    /// <summary>All take one copy that lies on the processor.</summary>
    Host,

    /// <summary>All take one copy that lies on the device.</summary>
    Device,
}

/// <summary>How a benchmark is run.</summary>
/// <param name="Batches">Samples per call.</param>
/// <param name="Seconds">How long each row is timed, after two calls to warm up.</param>
/// <param name="Calls">Fewest timed calls of each row, however long they take.</param>
/// <param name="Steps">DDIM steps of a sampling loop.</param>
/// <param name="Gated">Whether the network stands behind open gates.</param>
public sealed record BenchmarkOptions(IReadOnlyList<Measure> Measures, IReadOnlyList<int> Batches, double Seconds = 2, int Calls = 3, int Steps = 10, bool Gated = false);

/// <summary>One row of a benchmark.</summary>
/// <param name="Batch">Samples per call or loop.</param>
/// <param name="Milliseconds">Median of one call or loop; see <see cref="NetworkBenchmark.ProcessorTime"/>.</param>
/// <param name="Begun">When the timed part began.</param>
/// <param name="Failure">Why there are no numbers, or null.</param>
public sealed record Timing(Measure Measure, int Batch, int Calls, double Milliseconds, double Fastest, DateTimeOffset Begun, DateTimeOffset Ended, string? Failure = null)
{
    /// <summary>Samples per second: of one call for calls, of whole loops (finished images) for loops.</summary>
    public double PerSecond => Failure is null ? Batch * 1000 / Milliseconds : 0;
}
