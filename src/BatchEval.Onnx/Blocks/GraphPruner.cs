using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>Makes the model in which some blocks do not exist: no gates, no dead nodes, no dead weights; inputs and outputs as before.</summary>
public static class GraphPruner
{
    /// <summary>Cuts blocks out.</summary>
    /// <param name="drop">Ids of the blocks to leave out.</param>
    /// <exception cref="ProblemException">An id that does not exist, or an output that would no longer depend on any input.</exception>
    public static ModelProto Without(BlockGraph graph, IEnumerable<int> drop)
    {
        var blocks = graph.Select(drop);
        var index = graph.Index;
        var replaced = blocks.ToDictionary(b => b.Output, b => b.Replacement, StringComparer.Ordinal);
        var live = index.Live(replaced);
        var cut = new GraphProto(Shell(index.Graph));
        for (var i = 0; i < live.Length; i++)
        {
            if (live[i])
            {
                cut.Node.Add(Rewired(index.Nodes[i], replaced));
            }
        }

        // A graph's own output keeps its name.
        foreach (var output in index.Graph.Output.Where(o => replaced.ContainsKey(o.Name)))
        {
            cut.Node.Add(new NodeProto { OpType = "Identity", Name = $"{output.Name}/Identity", Input = { GraphIndex.Resolve(output.Name, replaced) }, Output = { output.Name } });
        }

        KeepWhatIsRead(cut, index.Graph);
        CheckInputs(graph, cut, blocks);
        return Model(graph.Model.Proto, cut);
    }

    /// <summary>A model around another graph.</summary>
    internal static ModelProto Model(ModelProto origin, GraphProto graph)
    {
        var model = new ModelProto
        {
            IrVersion = origin.IrVersion, ProducerName = origin.ProducerName, ProducerVersion = origin.ProducerVersion, Graph = graph,
            OpsetImport = { origin.OpsetImport }, MetadataProps = { origin.MetadataProps }, Functions = { origin.Functions },
        };
        return model;
    }

    /// <summary>A graph's inputs, outputs and name without its nodes and weights.</summary>
    internal static GraphProto Shell(GraphProto graph) => new() { Name = graph.Name, Input = { graph.Input }, Output = { graph.Output } };

    /// <summary>Copies the weights, shapes and annotations that a graph's nodes or outputs name.</summary>
    internal static void KeepWhatIsRead(GraphProto graph, GraphProto origin, IReadOnlySet<string>? elsewhere = null)
    {
        var index = new GraphIndex(graph);
        var read = Enumerable.Range(0, graph.Node.Count).SelectMany(index.Inputs).Concat(graph.Output.Select(o => o.Name)).ToHashSet(StringComparer.Ordinal);
        bool Here(string name) => read.Contains(name) && elsewhere?.Contains(name) != true;
        graph.Initializer.AddRange(origin.Initializer.Where(t => Here(t.Name)));
        graph.SparseInitializer.AddRange(origin.SparseInitializer.Where(t => Here(t.Values.Name)));
        graph.ValueInfo.AddRange(origin.ValueInfo.Where(v => index.Producer(v.Name) >= 0));
        graph.QuantizationAnnotation.AddRange(origin.QuantizationAnnotation.Where(a => Here(a.TensorName)));
    }

    private static NodeProto Rewired(NodeProto node, Dictionary<string, string> replaced)
    {
        var inside = node.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0);
        if (!inside && !node.Input.Any(replaced.ContainsKey))
        {
            return node;
        }

        var copy = node.Clone();
        Rewire(copy, replaced);
        return copy;
    }

    private static void Rewire(NodeProto node, Dictionary<string, string> replaced)
    {
        for (var i = 0; i < node.Input.Count; i++)
        {
            node.Input[i] = GraphIndex.Resolve(node.Input[i], replaced);
        }

        foreach (var inner in node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)).SelectMany(g => g.Node))
        {
            Rewire(inner, replaced);
        }
    }

    private static void CheckInputs(BlockGraph graph, GraphProto cut, IReadOnlyList<Block> blocks)
    {
        var index = new GraphIndex(cut);
        foreach (var output in cut.Output)
        {
            if (index.IsConstant(output.Name) || (index.Producer(output.Name) < 0 && cut.Input.All(i => i.Name != output.Name)))
            {
                throw new ProblemException(
                    $"Without blocks {string.Join(", ", blocks.Select(b => b.Id))} of {graph.Model.FileName}, its output '{output.Name}' depends on no input.");
            }
        }
    }
}
