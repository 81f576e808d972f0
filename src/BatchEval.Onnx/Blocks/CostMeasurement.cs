using System.Diagnostics;
using BatchEval.Core.Json;
using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Onnx.Blocks;

/// <summary>Measures what a network and its blocks cost: multiply-adds exactly, milliseconds by running it with and without each block.</summary>
public static class CostMeasurement
{
    private const int WarmUps = 2;

    /// <summary>Measures a network.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="manifest">The package's manifest.</param>
    /// <param name="contexts">Contexts for cross-attention, or null.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="options">How long to measure; null for the defaults.</param>
    /// <returns>Costs per sample.</returns>
    /// <exception cref="ProblemException">The network cannot be run.</exception>
    public static CostModel Measure(BlockGraph graph, ModelManifest manifest, ContextBank? contexts, DeviceOptions device, CostMeasurementOptions? options = null) =>
        Measure(graph, NetworkProfile.Of(graph, manifest, contexts), manifest, contexts, device, options);

    /// <summary>Measures a network whose multiply-adds are counted already.</summary>
    /// <inheritdoc cref="Measure(BlockGraph, ModelManifest, ContextBank, DeviceOptions, CostMeasurementOptions)"/>
    public static CostModel Measure(
        BlockGraph graph, NetworkProfile profile, ModelManifest manifest, ContextBank? contexts, DeviceOptions device, CostMeasurementOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentNullException.ThrowIfNull(manifest);
        var (whole, blocks) = Milliseconds(graph, manifest, contexts, device, options ?? new());
        return new CostModel(
            profile.Macs, whole, profile.PeakBytes,
            [.. profile.Blocks.Select(b => new BlockCost(b.Block.Id, b.Block.Name, b.Macs, blocks[b.Block.Id], b.Block.Parameters))]);
    }

    private static (double Whole, double[] Blocks) Milliseconds(
        BlockGraph graph, ModelManifest manifest, ContextBank? contexts, DeviceOptions device, CostMeasurementOptions options)
    {
        using var networks = new BlockNetworks(graph, manifest, device);
        using var gates = graph.Blocks.Count > 0 ? new GatedNetwork(graph, manifest, device) : null;
        // First the file as it is, then the gated network with all blocks, then without each of them.
        DenoiserNetwork[] variants = [networks.Without([]), .. gates is null ? [] : graph.Blocks.Select(b => gates.Without([b.Id])).Prepend(gates.Without([]))];
        var batch = variants[0].FixedBatch ?? options.Batch;
        var call = new TimedCall(manifest, contexts, batch);
        // Other work on the machine only ever adds time, so the fastest of several runs is the best estimate.
        var best = Enumerable.Repeat(double.PositiveInfinity, variants.Length).ToArray();
        var limit = Stopwatch.StartNew();
        for (var round = 0; round < WarmUps + options.Rounds && (round <= WarmUps || limit.Elapsed < options.Limit); round++)
        {
            for (var v = 0; v < variants.Length; v++)
            {
                var time = call.Milliseconds(variants[v]) / batch;
                best[v] = round < WarmUps ? best[v] : Math.Min(best[v], time);
            }
        }

        return (best[0], [.. best.Skip(2).Select(without => Math.Max(0, best[1] - without))]);
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
