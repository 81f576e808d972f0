using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Blocks;

/// <summary>
/// Makes the model that holds every mask at once: each block becomes an <c>If</c> whose one branch is the block, with its weights, and
/// whose other passes the shortcut on. One new input, a vector of booleans, says which blocks run.
/// </summary>
internal static class GatedGraph
{
    /// <summary>Builds the model.</summary>
    /// <returns>The model and the name of the new input, [number of blocks], true where a block runs.</returns>
    public static (ModelProto Model, string GateInput) Build(BlockGraph graph)
    {
        var index = graph.Index;
        var gated = GraphPruner.Shell(index.Graph);
        var input = Fresh(index, "batcheval_gates");
        gated.Input.Add(GateInput(input, graph.Blocks.Count));
        gated.Node.Add(Split(input, graph.Blocks.Count));
        gated.Initializer.Add(Tensors.Integers($"{input}_sizes", [.. Enumerable.Repeat(1L, graph.Blocks.Count)]));
        var inside = graph.Blocks.SelectMany(b => b.Nodes).ToHashSet();
        var live = index.Live();
        AddNodes(gated, graph, [.. Enumerable.Range(0, live.Length).Where(i => live[i] && !inside.Contains(i))], [.. Outermost(graph.Blocks)], input);

        GraphPruner.KeepWhatIsRead(gated, index.Graph, graph.Blocks.SelectMany(b => b.Weights).ToHashSet(StringComparer.Ordinal));
        return (GraphPruner.Model(graph.Model.Proto, gated), input);
    }

    /// <summary>Name of the node that a block stands behind.</summary>
    internal static string GateName(Block block) => $"{block.Name}/gate";

    /// <summary>Those that are within no other one.</summary>
    internal static IEnumerable<Block> Outermost(IReadOnlyList<Block> blocks) => blocks.Where(b => !blocks.Any(other => other.Within.Contains(b.Id)));

    // Nodes, and gates where blocks end, in the order of the graph.
    private static void AddNodes(GraphProto target, BlockGraph graph, IReadOnlyList<int> nodes, IReadOnlyList<Block> gates, string input)
    {
        var places = gates.ToDictionary(b => graph.Index.Producer(b.Output));
        foreach (var node in nodes.Concat(places.Keys).Distinct().Order())
        {
            target.Node.Add(places.TryGetValue(node, out var block) ? Gate(graph, block, input) : graph.Index.Nodes[node]);
        }
    }

    private static NodeProto Gate(BlockGraph graph, Block block, string input)
    {
        var run = new GraphProto { Name = $"{block.Name}/run", Output = { new ValueInfoProto { Name = $"{block.Output}/run" } } };
        AddNodes(run, graph, block.Nodes, [.. Outermost([.. block.Within.Select(id => graph.Blocks[id])])], input);
        for (var i = 0; i < run.Node.Count; i++)
        {
            run.Node[i] = run.Node[i].Output.Contains(block.Output) ? Renamed(run.Node[i], block.Output, $"{block.Output}/run") : run.Node[i];
        }

        run.Initializer.AddRange(block.Weights.Select(w => graph.Index.Initializer(w)!));
        var skip = new GraphProto { Name = $"{block.Name}/skip", Output = { new ValueInfoProto { Name = $"{block.Output}/skip" } } };
        skip.Node.Add(new NodeProto { OpType = "Identity", Name = $"{block.Name}/skip", Input = { block.Replacement }, Output = { $"{block.Output}/skip" } });
        return new NodeProto
        {
            OpType = "If", Name = GateName(block), Input = { GateOf(input, block.Id) }, Output = { block.Output },
            Attribute =
            {
                new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = run },
                new AttributeProto { Name = "else_branch", Type = AttributeProto.Types.AttributeType.Graph, G = skip },
            },
        };
    }

    private static NodeProto Renamed(NodeProto node, string from, string to)
    {
        var copy = node.Clone();
        copy.Output[copy.Output.IndexOf(from)] = to;
        return copy;
    }

    private static NodeProto Split(string input, int blocks)
    {
        var split = new NodeProto { OpType = "Split", Name = $"{input}/Split", Input = { input, $"{input}_sizes" } };
        split.Output.AddRange(Enumerable.Range(0, blocks).Select(b => GateOf(input, b)));
        return split;
    }

    private static ValueInfoProto GateInput(string name, int blocks)
    {
        var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimValue = blocks } } };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)Type.Bool, Shape = shape } } };
    }

    private static string GateOf(string input, int block) => $"{input}_{block}";

    private static string Fresh(GraphIndex index, string name)
    {
        while (index.Producer(name) >= 0 || index.Initializer(name) is not null || index.Graph.Input.Any(i => i.Name == name))
        {
            name = $"_{name}";
        }

        return name;
    }
}
