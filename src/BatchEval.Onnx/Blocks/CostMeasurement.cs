using System.Diagnostics;
using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>Measures what a network and its blocks cost: multiply-adds exactly, milliseconds by running it with its blocks on and off.</summary>
public static class CostMeasurement
{
    private const int WarmUps = 2;

    /// <summary>Measures a network.</summary>
    /// <param name="conditioning">What the network is fed beside state and time.</param>
    /// <param name="options">How long to measure; null for the defaults.</param>
    /// <returns>Costs per sample.</returns>
    /// <exception cref="ProblemException">The network cannot be run.</exception>
    public static CostModel Measure(BlockGraph graph, ModelManifest manifest, Conditioning conditioning, DeviceOptions device, CostMeasurementOptions? options = null) =>
        Measure(graph, NetworkProfile.Of(graph, manifest, conditioning), manifest, conditioning, device, options);

    /// <summary>Measures a network whose multiply-adds are counted already.</summary>
    /// <inheritdoc cref="Measure(BlockGraph, ModelManifest, Conditioning, DeviceOptions, CostMeasurementOptions)"/>
    public static CostModel Measure(
        BlockGraph graph, NetworkProfile profile, ModelManifest manifest, Conditioning conditioning, DeviceOptions device, CostMeasurementOptions? options = null)
    {
        var (whole, blocks) = Milliseconds(graph, manifest, conditioning, device, options ?? new());
        return new CostModel(
            profile.Macs, whole, profile.PeakBytes,
            [.. profile.Blocks.Select(b => new BlockCost(b.Block.Id, b.Block.Name, b.Macs, blocks[b.Block.Id], b.Block.Parameters))]);
    }

    private static (double Whole, double[] Blocks) Milliseconds(
        BlockGraph graph, ModelManifest manifest, Conditioning conditioning, DeviceOptions device, CostMeasurementOptions options)
    {
        device = TimedCall.Timed(device);
        using var networks = new BlockNetworks(graph, manifest, device);
        var whole = networks.Without([]);
        var batch = whole.FixedBatch ?? options.Batch;
        var call = new TimedCall(manifest, conditioning, device, batch);
        if (graph.Blocks.Count == 0)
        {
            return (Fastest([whole], call, options)[0] / batch, []);
        }

        using var gates = new GatedNetwork(graph, manifest, device);
        var extremes = Fastest([whole, gates.Without([.. graph.Blocks.Select(b => b.Id)])], call, options);
        var (all, rest) = (extremes[0], extremes[1]);
        var blocks = device.Device == "cpu" ? GateProfile.Run(graph, manifest, device, call, options.Rounds) : Differences(graph, gates, call, options);
        // Together the blocks cost what is saved when all of them are dropped; profiling itself costs a little, too.
        var scale = blocks.Sum() is > 0 and var sum ? Math.Max(0, all - rest) / sum : 1;
        return (all / batch, Array.ConvertAll(blocks, b => b * scale / batch));
    }

    private static double[] Differences(BlockGraph graph, GatedNetwork gates, TimedCall call, CostMeasurementOptions options)
    {
        var times = Fastest([gates.Without([]), .. graph.Blocks.Select(b => gates.Without([b.Id]))], call, options);
        return GateProfile.Alone(graph.Blocks, [.. times.Skip(1).Select(without => Math.Max(0, times[0] - without))]);
    }

    // Disturbances only ever add time, so the fastest of several calls is the best estimate.
    private static double[] Fastest(DenoiserNetwork[] networks, TimedCall call, CostMeasurementOptions options)
    {
        var best = Enumerable.Repeat(double.PositiveInfinity, networks.Length).ToArray();
        var limit = Stopwatch.StartNew();
        for (var round = 0; round < WarmUps + options.Rounds && (round <= WarmUps || limit.Elapsed < options.Limit); round++)
        {
            for (var n = 0; n < networks.Length; n++)
            {
                var time = call.Milliseconds(networks[n]);
                best[n] = round < WarmUps ? best[n] : Math.Min(best[n], time);
            }
        }

        return best;
    }
}

/// <summary>How long to measure.</summary>
/// <param name="Batch">Samples per call; a network with a fixed batch size keeps its own.</param>
/// <param name="Rounds">Most timed calls of each variant.</param>
/// <param name="Seconds">Stop after this many seconds, but not before one timed call of each.</param>
public sealed record CostMeasurementOptions(int Batch = 16, int Rounds = 15, double Seconds = 20)
{
    internal TimeSpan Limit => TimeSpan.FromSeconds(Seconds);
}
