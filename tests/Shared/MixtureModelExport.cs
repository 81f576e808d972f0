using System.Globalization;
using System.Runtime.InteropServices;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Packages;
using Google.Protobuf;

namespace BatchEval.Tests.Shared;

/// <summary>
/// Writes the ideal denoiser of a Gaussian mixture as a model package: a network whose every output is known in closed form, small enough to be made on the fly.
/// </summary>
public static class MixtureModelExport
{
    private const string Network = "denoiser.onnx";

    /// <summary>Writes the package; samples are [d, 1, 1] and the model's time is sigma.</summary>
    /// <param name="folder">Folder, made if missing.</param>
    /// <param name="sigmaMin">Smallest sigma.</param>
    /// <param name="sigmaMax">Largest sigma.</param>
    public static void Write(GaussianMixture mixture, string folder, double sigmaMin = 0.002, double sigmaMax = 80)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, Network), Model(mixture).ToByteArray());
        File.WriteAllText(Path.Combine(folder, ModelPackage.ManifestFile), string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "formatVersion": 1,
              "name": "mixture",
              "description": "The ideal denoiser of {{mixture.Means.Length}} Gaussians in {{mixture.Dimensions}} dimensions.",
              "denoiser": { "file": "{{Network}}", "prediction": "sample", "inputs": { "sample": "x", "time": "sigma" }, "output": "D" },
              "schedule": { "type": "sigma", "sigmaMin": {{sigmaMin}}, "sigmaMax": {{sigmaMax}} },
              "sample": { "channels": {{mixture.Dimensions}}, "height": 1, "width": 1, "range": [-1, 1] }
            }
            """));
    }

    /// <summary>
    /// The graph of D = (sigma^2 sum_k w_k mu_k + s^2 x) / (sigma^2 + s^2), w = softmax_k(-||x - mu_k||^2 / (2 (sigma^2 + s^2))).
    /// </summary>
    public static ModelProto Model(GaussianMixture mixture)
    {
        var (k, d) = (mixture.Means.Length, mixture.Dimensions);
        var graph = new GraphProto { Name = "mixture" };
        graph.Input.Add(Value("x", [null, d, 1, 1]));
        graph.Input.Add(Value("sigma", [null]));
        graph.Output.Add(Value("D", [null, d, 1, 1]));
        float[] means = [.. mixture.Means.SelectMany(m => m).Select(v => (float)v)];
        graph.Initializer.Add(Floats("mu", means, k, d));
        graph.Initializer.Add(Floats("s2", [(float)(mixture.Deviation * mixture.Deviation)]));
        graph.Initializer.Add(Floats("minus2", [-2]));
        graph.Initializer.Add(Integers("column", -1, 1));
        graph.Initializer.Add(Integers("flat", 0, -1));
        graph.Initializer.Add(Integers("rows", 0, 1, -1));
        graph.Initializer.Add(Integers("last", 2));
        void Node(string type, string output, params string[] inputs) => graph.Node.Add(new NodeProto { OpType = type, Input = { inputs }, Output = { output } });
        Node("Reshape", "t", "sigma", "column");
        Node("Mul", "t2", "t", "t");
        Node("Add", "v", "t2", "s2");
        Node("Reshape", "xf", "x", "flat");
        Node("Reshape", "xr", "xf", "rows");
        Node("Sub", "delta", "xr", "mu");
        Node("Mul", "delta2", "delta", "delta");
        Node("ReduceSum", "distance", "delta2", "last");
        graph.Node[^1].Attribute.Add(new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 });
        Node("Mul", "v2", "v", "minus2");
        Node("Div", "logits", "distance", "v2");
        Node("Softmax", "w", "logits");
        Node("MatMul", "mean", "w", "mu");
        Node("Mul", "fromMean", "mean", "t2");
        Node("Mul", "fromState", "xf", "s2");
        Node("Add", "sum", "fromMean", "fromState");
        Node("Div", "data", "sum", "v");
        graph.Initializer.Add(Integers("shape", 0, d, 1, 1));
        Node("Reshape", "D", "data", "shape");
        return new ModelProto { IrVersion = 8, ProducerName = "BatchEval", Graph = graph, OpsetImport = { new OperatorSetIdProto { Domain = string.Empty, Version = 17 } } };
    }

    private static ValueInfoProto Value(string name, int?[] dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (var size in dimensions)
        {
            shape.Dim.Add(size is { } n ? new TensorShapeProto.Types.Dimension { DimValue = n } : new TensorShapeProto.Types.Dimension { DimParam = "N" });
        }

        var tensor = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private static TensorProto Floats(string name, float[] values, params long[] shape) => new()
    {
        Name = name, DataType = (int)TensorProto.Types.DataType.Float, Dims = { shape }, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())),
    };

    private static TensorProto Integers(string name, params long[] values) => new()
    {
        Name = name, DataType = (int)TensorProto.Types.DataType.Int64, Dims = { values.Length }, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())),
    };
}
