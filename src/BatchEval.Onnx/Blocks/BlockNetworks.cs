using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>How masks are executed; <c>docs/architecture-search.md</c> has the measurements.</summary>
public enum BlockExecution
{
    /// <summary>One session with gates for all masks: for searches, in which thousands of masks occur.</summary>
    Gated,

    /// <summary>One session per mask: for few masks that are called often.</summary>
    Pruned,
}

/// <summary>
/// A network's masks, each on the session that serves it best: the file as it is where nothing is dropped, and gates or pruned sessions
/// otherwise, opened when first needed. Which one serves a mask never depends on what ran before, so results repeat exactly.
/// </summary>
public sealed class BlockNetworks : INetworkSource
{
    private readonly DenoiserNetwork whole;
    private readonly Lazy<INetworkSource> masked;

    /// <summary>Opens the whole network; what masks need is opened later.</summary>
    /// <param name="device">Where sessions run.</param>
    /// <param name="execution">How masks are executed.</param>
    /// <exception cref="Core.Json.ProblemException">The file and the manifest do not fit together.</exception>
    public BlockNetworks(BlockGraph graph, ModelManifest manifest, DeviceOptions device, BlockExecution execution = BlockExecution.Gated)
    {
        Graph = graph;
        whole = new DenoiserNetwork(SessionLoader.Open(Path.Combine(graph.Model.Folder, graph.Model.FileName), device), manifest, graph.Model.FileName);
        masked = new(() => execution == BlockExecution.Gated ? new GatedNetwork(graph, manifest, device) : new PrunedSessionCache(graph, manifest, device));
    }

    public BlockGraph Graph { get; }

    public int Blocks => Graph.Blocks.Count;

    /// <summary>Opens a network with its blocks, or, where its operator set is not supported or it has none, without.</summary>
    /// <exception cref="Core.Json.ProblemException">The file is no ONNX model or does not fit the manifest.</exception>
    public static INetworkSource Open(string path, ModelManifest manifest, DeviceOptions device, BlockExecution execution = BlockExecution.Gated)
    {
        var model = OnnxModel.Open(path);
        if (model.Unsupported is { } reason)
        {
            return new WholeNetwork(new DenoiserNetwork(SessionLoader.Open(path, device), manifest, model.FileName), reason);
        }

        var graph = BlockDiscovery.Find(model);
        return new BlockNetworks(graph, manifest, device, execution);
    }

    /// <exception cref="Core.Json.ProblemException">An unknown block.</exception>
    public DenoiserNetwork Without(IReadOnlyList<int> drop) => Graph.Select(drop).Count == 0 ? whole : masked.Value.Without(drop);

    public void Dispose()
    {
        whole.Dispose();
        if (masked.IsValueCreated)
        {
            masked.Value.Dispose();
        }
    }
}
