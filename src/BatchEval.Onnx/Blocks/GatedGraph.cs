using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Blocks;

/// <summary>
/// Makes the model that holds every mask at once: each block becomes an <c>If</c> whose one branch is the block, with its weights, and
/// whose other passes the shortcut on. One new input, a vector of booleans, says which blocks run.
/// </summary>
public static class GatedGraph
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
        var places = graph.Blocks.ToDictionary(b => index.Producer(b.Output));
        var live = index.Live();
        for (var i = 0; i < live.Length; i++)
        {
            if (places.TryGetValue(i, out var block))
            {
                gated.Node.Add(Gate(index, block, input));
            }
            else if (live[i] && !inside.Contains(i))
            {
                gated.Node.Add(index.Nodes[i]);
            }
        }

        GraphPruner.KeepWhatIsRead(gated, index.Graph, graph.Blocks.SelectMany(b => b.Weights).ToHashSet(StringComparer.Ordinal));
        return (GraphPruner.Model(graph.Model.Proto, gated), input);
    }

    /// <summary>Name of the node that a block stands behind.</summary>
    internal static string GateName(Block block) => $"{block.Name}/gate";

    private static NodeProto Gate(GraphIndex index, Block block, string input)
    {
        var run = new GraphProto { Name = $"{block.Name}/run", Output = { new ValueInfoProto { Name = $"{block.Output}/run" } } };
        foreach (var node in block.Nodes.Select(n => index.Nodes[n]))
        {
            run.Node.Add(node.Output.Contains(block.Output) ? Renamed(node, block.Output, $"{block.Output}/run") : node);
        }

        run.Initializer.AddRange(block.Weights.Select(w => index.Initializer(w)!));
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
