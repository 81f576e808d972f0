using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>One session per mask, on a graph in which the dropped blocks do not exist. The sessions used last are kept; all share their weights.</summary>
/// <param name="device">Where sessions run.</param>
/// <param name="capacity">Most sessions kept.</param>
internal sealed class PrunedSessionCache(BlockGraph graph, ModelManifest manifest, DeviceOptions device, int capacity = 32) : INetworkSource
{
    private readonly Dictionary<string, LinkedListNode<Entry>> entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> recent = [];
    private readonly SharedWeights? shared = device.Device == "cpu" ? new SharedWeights(graph.Model) : null;
    private readonly Lock gate = new();

    public int Blocks => graph.Blocks.Count;

    public int Opened { get; private set; }

    /// <exception cref="Core.Json.ProblemException">An unknown block, or a network that cannot be loaded without these blocks.</exception>
    public DenoiserNetwork Without(IReadOnlyList<int> drop)
    {
        var key = string.Join(',', drop);
        lock (gate)
        {
            if (entries.TryGetValue(key, out var found))
            {
                recent.Remove(found);
                recent.AddFirst(found);
                return found.Value.Network;
            }

            var session = GraphSession.Open(GraphPruner.Without(graph, drop), graph.Model, device, shared);
            Opened++;
            entries[key] = recent.AddFirst(new Entry(key, new DenoiserNetwork(session, manifest, graph.Model.FileName)));
            if (recent.Count > capacity)
            {
                // Another thread may still be inside the evicted session; it goes when nothing refers to it any more.
                entries.Remove(recent.Last!.Value.Key);
                recent.RemoveLast();
            }

            return recent.First!.Value.Network;
        }
    }

    public void Dispose()
    {
        foreach (var entry in recent)
        {
            entry.Network.Dispose();
        }

        shared?.Dispose();
    }

    private sealed record Entry(string Key, DenoiserNetwork Network);
}
