using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>
/// Finds the blocks of an exported network: additions that join a shortcut (the input itself, a 1x1 convolution, a change of resolution)
/// and a branch that normalises and mixes. Additions of biases, embeddings and long skips are none. Of nested blocks the outermost counts.
/// </summary>
public static class BlockDiscovery
{
    /// <summary>Finds the blocks, in order of execution.</summary>
    /// <exception cref="ProblemException">The operator set is not supported, or the graph is damaged.</exception>
    public static BlockGraph Find(OnnxModel model)
    {
        if (model.Unsupported is { } reason)
        {
            throw new ProblemException(reason);
        }

        try
        {
            return FindIn(model);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or IndexOutOfRangeException or KeyNotFoundException or OverflowException)
        {
            throw new ProblemException($"{model.FileName} holds a damaged graph: a node lacks an input, an output or an attribute that its operator needs.");
        }
    }

    private static BlockGraph FindIn(OnnxModel model)
    {
        var index = new GraphIndex(model.Graph);
        var live = index.Live();
        var matches = Matches(index, live);
        var outermost = matches.Where(m => !matches.Any(o => o.Path.Contains(m.Addition))).ToList();
        var blocks = outermost.ConvertAll(m => Describe(index, live, m, matches));
        var names = BlockNames.Distinct([.. blocks.Select(b => (b.Name, b.KindName))]);
        return new BlockGraph(model, index, [.. blocks.Select((b, i) => Alone(index, b with { Id = i, Name = names[i] }, blocks))]);
    }

    // Without the blocks that go with it.
    private static Block Alone(GraphIndex index, Block block, List<Block> all)
    {
        int[] within = [.. Enumerable.Range(0, all.Count).Where(i => i != block.Id && block.Nodes.Contains(index.Producer(all[i].Output)))];
        if (within.Length == 0)
        {
            return block;
        }

        string[] weights = [.. block.Weights.Except(within.SelectMany(i => all[i].Weights))];
        return block with { Within = within, Nodes = [.. block.Nodes.Except(within.SelectMany(i => all[i].Nodes))], Weights = weights, Parameters = Parameters(index, weights) };
    }

    private static long Parameters(GraphIndex index, IEnumerable<string> weights) => weights.Select(w => index.Initializer(w)!).Where(Tensors.IsFloating).Sum(Tensors.Elements);

    private static List<ResidualMatch> Matches(GraphIndex index, bool[] live)
    {
        var matches = new List<ResidualMatch>();
        var additions = new HashSet<int>();
        for (var node = 0; node < index.Nodes.Count; node++)
        {
            if (live[node] && index.Nodes[node].OpType == "Add" && ResidualMatch.Find(index, node, additions) is { } match)
            {
                matches.Add(match);
                additions.Add(node);
            }
        }

        return matches;
    }

    private static Block Describe(GraphIndex index, bool[] live, ResidualMatch match, List<ResidualMatch> all)
    {
        var output = Output(index, match.Addition);
        var rest = index.Live(new Dictionary<string, string>(StringComparer.Ordinal) { [output] = match.Replacement });
        int[] nodes = [.. Enumerable.Range(0, live.Length).Where(n => live[n] && !rest[n])];
        string[] weights = [.. nodes.SelectMany(index.Inputs).Distinct(StringComparer.Ordinal)
            .Where(v => index.Initializer(v) is not null && !index.Readers(v).Any(n => rest[n]))];
        var name = BlockNames.Of(index, match.Addition, weights);
        return new Block(0, name, Kind(index, match, all), match.Shortcut, output, match.Replacement, nodes, weights, Parameters(index, weights));
    }

    // Diffusers divides the sum by a constant, which is part of the block: without the branch there is nothing to rescale.
    private static string Output(GraphIndex index, int addition)
    {
        var sum = index.Nodes[addition].Output[0];
        return index.Readers(sum) is [var reader] && index.Graph.Output.All(o => o.Name != sum) && index.Nodes[reader] is { OpType: "Div" } scale && scale.Input[0] == sum
            && index.ConstantTensor(scale.Input[1]) is { } tensor && Tensors.Scalar(tensor) is not null
            ? scale.Output[0]
            : sum;
    }

    private static BlockKind Kind(GraphIndex index, ResidualMatch match, List<ResidualMatch> all)
    {
        bool Has(Func<Graph.Proto.NodeProto, bool> test) => match.Path.Any(n => test(index.Nodes[n]));
        return all.Any(o => match.Path.Contains(o.Addition)) ? BlockKind.Transformer
            : Has(n => n.OpType == "Softmax" || Operators.IsAttention(n)) ? BlockKind.Attention
            : Has(n => n.OpType is "Conv" or "ConvTranspose" or "FusedConv") ? BlockKind.Residual
            : BlockKind.FeedForward;
    }
}
