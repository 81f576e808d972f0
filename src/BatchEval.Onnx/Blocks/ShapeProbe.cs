using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Blocks;

/// <summary>Learns the shapes of all values in a graph by running it once, on one sample, with the shapes as outputs.</summary>
internal static class ShapeProbe
{
    private const string Mark = "/batcheval_shape";

    /// <summary>Shapes by value name; weights included.</summary>
    /// <exception cref="Core.Json.ProblemException">The network and the manifest do not fit together.</exception>
    public static Dictionary<string, long[]> Run(OnnxModel model, GraphIndex index, ModelManifest manifest, Conditioning conditioning)
    {
        var shapes = model.Graph.Initializer.ToDictionary(t => t.Name, t => t.Dims.ToArray(), StringComparer.Ordinal);
        var live = index.Live();
        string[] values = [.. model.Graph.Input.Select(i => i.Name), .. Enumerable.Range(0, live.Length).Where(n => live[n]).SelectMany(n => index.Nodes[n].Output).Where(o => o.Length > 0)];
        var proto = WithShapes(model, values);
        using var session = GraphSession.Open(proto, model, new DeviceOptions("cpu", Environment.ProcessorCount), configure: Frugal);
        using var network = new DenoiserNetwork(session, manifest, model.FileName);
        using var results = network.Call(new float[manifest.Sample.Size], [(float)manifest.Schedule.MaxTime], conditioning.ForAny(1), [.. values.Select(v => v + Mark)]);
        for (var i = 0; i < values.Length; i++)
        {
            shapes[values[i]] = results[i].GetTensorDataAsSpan<long>().ToArray();
        }

        return shapes;
    }

    // One call: nothing that speeds up later ones at the price of memory (copies of weights in another layout, an arena that keeps what was freed).
    private static void Frugal(SessionOptions options)
    {
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        options.EnableCpuMemArena = false;
        options.EnableMemoryPattern = false;
        options.AddSessionConfigEntry("session.disable_prepacking", "1");
    }

    private static ModelProto WithShapes(OnnxModel model, IReadOnlyList<string> values)
    {
        var graph = new GraphProto(model.Graph);
        graph.ValueInfo.Clear();
        // The last one is where ONNX Runtime begins to order nodes. In reverse, each shape is taken, and its value freed, as soon as the value is there; otherwise all values live until the end.
        foreach (var value in values.Reverse())
        {
            graph.Node.Add(new NodeProto { OpType = "Shape", Name = value + Mark, Input = { value }, Output = { value + Mark } });
            var type = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Int64 };
            graph.Output.Add(new ValueInfoProto { Name = value + Mark, Type = new TypeProto { TensorType = type } });
        }

        return GraphPruner.Model(model.Proto, graph);
    }
}
