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
        using var session = GraphSession.Open(proto, model, new DeviceOptions("cpu", Environment.ProcessorCount), configure: o => o.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL);
        using var network = new DenoiserNetwork(session, manifest, model.FileName);
        using var results = network.Call(new float[manifest.Sample.Size], [(float)manifest.Schedule.MaxTime], conditioning.ForAny(1), [.. values.Select(v => v + Mark)]);
        for (var i = 0; i < values.Length; i++)
        {
            shapes[values[i]] = results[i].GetTensorDataAsSpan<long>().ToArray();
        }

        return shapes;
    }

    private static ModelProto WithShapes(OnnxModel model, IEnumerable<string> values)
    {
        var graph = new GraphProto(model.Graph);
        graph.ValueInfo.Clear();
        foreach (var value in values)
        {
            graph.Node.Add(new NodeProto { OpType = "Shape", Name = value + Mark, Input = { value }, Output = { value + Mark } });
            var type = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Int64 };
            graph.Output.Add(new ValueInfoProto { Name = value + Mark, Type = new TypeProto { TensorType = type } });
        }

        return GraphPruner.Model(model.Proto, graph);
    }
}
