using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Blocks;

/// <summary>What one block is made of.</summary>
/// <param name="Resolution">Height x width where it works, or what comes closest.</param>
/// <param name="Macs">Multiply-adds that go when it is dropped, per sample.</param>
public sealed record BlockProfile(Block Block, string Resolution, double Macs);

/// <summary>Exact costs of a network for one sample, from the shapes that it really has.</summary>
/// <param name="Parameters">Floating-point numbers in its weights.</param>
/// <param name="PeakBytes">Weights and, at the worst moment of an execution in order, intermediate values.</param>
public sealed record NetworkProfile(double Macs, long Parameters, long PeakBytes, IReadOnlyList<BlockProfile> Blocks)
{
    /// <summary>Counts a network.</summary>
    /// <param name="manifest">The package's manifest, which gives the shape of a sample.</param>
    /// <param name="conditioning">What the network is fed beside state and time.</param>
    /// <exception cref="ProblemException">The network cannot be run on a sample of the manifest's shape.</exception>
    public static NetworkProfile Of(BlockGraph graph, ModelManifest manifest, Conditioning conditioning)
    {
        var index = graph.Index;
        var shapes = ShapeProbe.Run(graph.Model, index, manifest, conditioning);
        var live = index.Live();
        double[] macs = [.. live.Select((l, n) => l ? MultiplyAdds.Of(index.Nodes[n], v => shapes[v]) : 0)];
        var weights = graph.Model.Graph.Initializer.Where(Tensors.IsFloating).ToList();
        var blocks = graph.Blocks.Select(b => new BlockProfile(b, Resolution(index, b.Replacement, shapes), b.Nodes.Sum(n => macs[n])));
        return new NetworkProfile(macs.Sum(), weights.Sum(Tensors.Elements), WeightBytes(graph) + PeakOfValues(graph, live, shapes), [.. blocks]);
    }

    private static string Resolution(GraphIndex index, string value, Dictionary<string, long[]> shapes)
    {
        var shape = shapes[value];
        // Attention works on flattened pixels; behind the reshape they still have their two dimensions.
        while (shape.Length != 4 && index.Producer(value) is >= 0 and var node && Operators.IsForm(index.Nodes[node]))
        {
            value = index.Nodes[node].Input[0];
            shape = shapes[value].Length == 4 ? shapes[value] : shape;
        }

        return string.Join('x', shape.Length == 4 ? shape[2..] : shape[1..]);
    }

    private static long WeightBytes(BlockGraph graph) => graph.Model.Graph.Initializer.Sum(t => Tensors.Elements(t) * (Type)t.DataType switch
    {
        Type.Float16 or Type.Bfloat16 or Type.Int16 or Type.Uint16 => 2,
        Type.Int8 or Type.Uint8 or Type.Bool => 1,
        Type.Double or Type.Int64 or Type.Uint64 => 8,
        _ => 4,
    });

    // Values live from the node that makes them to the last one that reads them; element sizes are those of the sample input.
    private static long PeakOfValues(BlockGraph graph, bool[] live, Dictionary<string, long[]> shapes)
    {
        var index = graph.Index;
        var half = graph.Model.Graph.Input.Any(i => i.Type.TensorType.ElemType == (int)Type.Float16);
        var change = new long[live.Length + 1];
        for (var node = 0; node < live.Length; node++)
        {
            foreach (var value in live[node] ? index.Nodes[node].Output.Where(o => o.Length > 0) : [])
            {
                var bytes = shapes[value].Aggregate(half ? 2L : 4L, (product, d) => product * d);
                var last = index.Readers(value) is [.., var reader] ? reader : node;
                change[node] += bytes;
                change[last + 1] -= bytes;
            }
        }

        var (now, peak) = (0L, 0L);
        foreach (var step in change)
        {
            now += step;
            peak = Math.Max(peak, now);
        }

        return peak;
    }
}
