using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>One way of executing a network with some blocks dropped.</summary>
/// <param name="Macs">Multiply-adds left, as a share of the whole network's.</param>
/// <param name="Milliseconds">Median of the timed calls.</param>
/// <param name="Ratio">Median, over the rounds, of the time against the plain network in the same round.</param>
/// <param name="OpenMilliseconds">What opening its session took; null where it shares one.</param>
public sealed record ExecutionTiming(string Name, double Macs, double Milliseconds, double Ratio, double? OpenMilliseconds);

/// <summary>Times the ways of dropping blocks against the plain network, in turns, so that disturbances meet all alike.</summary>
public static class ExecutionComparison
{
    private const int WarmUps = 3;

    /// <summary>Compares plain, gated and pruned execution with nothing, half of the multiply-adds, and every block dropped.</summary>
    /// <param name="profile">Its multiply-adds.</param>
    /// <param name="conditioning">What the network is fed beside state and time.</param>
    /// <param name="batch">Samples per call.</param>
    public static IReadOnlyList<ExecutionTiming> Run(
        BlockGraph graph, NetworkProfile profile, ModelManifest manifest, Conditioning conditioning, DeviceOptions device, int batch, int rounds)
    {
        device = TimedCall.Timed(device);
        var (plainOpen, plain) = Timed(() => new BlockNetworks(graph, manifest, device));
        var (gatedOpen, gated) = Timed(() => new GatedNetwork(graph, manifest, device));
        using var pruned = new PrunedSessionCache(graph, manifest, device);
        using (plain)
        using (gated)
        {
            var variants = new List<(string Name, IReadOnlyList<int> Drop, DenoiserNetwork Network, double? Open)> { ("plain", [], plain.Without([]), plainOpen) };
            foreach (var (name, drop) in new[] { ("nothing dropped", []), ("half dropped", Half(profile)), ("every block dropped", [.. graph.Blocks.Select(b => b.Id)]) })
            {
                variants.Add(($"gated, {name}", drop, gated.Without(drop), drop.Count == 0 ? gatedOpen : null));
                var (open, network) = Timed(() => pruned.Without(drop));
                variants.Add(($"pruned, {name}", drop, network, open));
            }

            var call = new TimedCall(manifest, conditioning, device, batch);
            var times = Times([.. variants.Select(v => v.Network)], call, rounds);
            return [.. variants.Select((v, i) => new ExecutionTiming(
                v.Name, 1 - (v.Drop.Sum(id => profile.Blocks[id].Macs) / profile.Macs), Median(times[i]), Median([.. times[i].Zip(times[0], (t, p) => t / p)]), v.Open))];
        }
    }

    /// <summary>Blocks that hold at least half of the network's multiply-adds, every second one of them first.</summary>
    public static IReadOnlyList<int> Half(NetworkProfile profile)
    {
        var (drop, macs) = (new SortedSet<int>(), 0.0);
        foreach (var block in profile.Blocks.OrderBy(b => b.Block.Id % 2 == 0).ThenBy(b => b.Block.Id).TakeWhile(_ => macs < profile.Macs / 2))
        {
            drop.Add(block.Block.Id);
            macs += block.Macs;
        }

        return [.. drop];
    }

    private static double[][] Times(DenoiserNetwork[] networks, TimedCall call, int rounds)
    {
        double[][] times = [.. networks.Select(_ => new double[rounds])];
        for (var round = -WarmUps; round < rounds; round++)
        {
            for (var v = 0; v < networks.Length; v++)
            {
                var time = call.Milliseconds(networks[v]);
                if (round >= 0)
                {
                    times[v][round] = time;
                }
            }
        }

        return times;
    }

    private static (double Milliseconds, T Result) Timed<T>(Func<T> make)
    {
        T? result = default;
        var milliseconds = ThreadClock.Milliseconds(() => result = make(), onThisThread: true);
        return (milliseconds, result!);
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
