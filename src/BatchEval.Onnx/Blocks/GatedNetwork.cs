using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>One session for every mask: the blocks stand behind gates that each call opens or closes.</summary>
internal sealed class GatedNetwork : INetworkSource
{
    private readonly BlockGraph graph;
    private readonly DenoiserNetwork network;

    /// <summary>Opens the session.</summary>
    /// <param name="device">Where the session runs.</param>
    /// <exception cref="Core.Json.ProblemException">The gated network cannot be loaded.</exception>
    public GatedNetwork(BlockGraph graph, ModelManifest manifest, DeviceOptions device)
    {
        this.graph = graph;
        var (model, input) = GatedGraph.Build(graph);
        network = new DenoiserNetwork(GraphSession.Open(model, graph.Model, device), manifest, graph.Model.FileName, input);
    }

    public int Blocks => graph.Blocks.Count;

    /// <exception cref="Core.Json.ProblemException">An unknown block.</exception>
    public DenoiserNetwork Without(IReadOnlyList<int> drop)
    {
        var keep = new bool[graph.Blocks.Count];
        Array.Fill(keep, true);
        foreach (var block in graph.Select(drop))
        {
            keep[block.Id] = false;
        }

        return network.Gated(keep);
    }

    public void Dispose() => network.Dispose();
}
