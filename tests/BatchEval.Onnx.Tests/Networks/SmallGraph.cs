using BatchEval.Core.Sampling;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Tests.Networks;

/// <summary>A network of a few operators whose inputs are declared as a test wants them: out = sample + time (+ the mean of each other input).</summary>
internal sealed class SmallGraph
{
    private readonly GraphProto graph = new() { Name = "small" };
    private string last = "sample";

    /// <param name="sample">Declared shape of the state; 0 for a free extent.</param>
    /// <param name="time">Declared shape of the time.</param>
    /// <param name="timeType">Element type of the time.</param>
    public SmallGraph(long[] sample, long[] time, Type timeType = Type.Float)
    {
        Input("sample", Type.Float, sample);
        Input("timestep", timeType, time);
        Add("timestep", time.Length, timeType);
    }

    /// <summary>Declares one more input, whose mean per row is added.</summary>
    public SmallGraph With(string name, long[] shape, Type type = Type.Float)
    {
        Input(name, type, shape);
        Add(name, shape.Length, type);
        return this;
    }

    /// <summary>The model.</summary>
    public byte[] Bytes()
    {
        var finished = graph.Clone();
        finished.Node.Add(new NodeProto { OpType = "Identity", Name = "/end", Input = { last }, Output = { "out" } });
        finished.Output.Add(Value("out", Type.Float, [0, 0, 0, 0]));
        return new ModelProto { IrVersion = 8, Graph = finished, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray();
    }

    /// <summary>Opens it for samples of 1 x 2 x 2.</summary>
    public DenoiserNetwork Open(ModelManifest manifest) => new(new InferenceSession(Bytes()), manifest, "small.onnx");

    public static ModelManifest Manifest(NoiseSchedule? schedule = null, string? context = null, string? label = null) => new(
        "small", "", new DenoiserEntry("small.onnx", PredictionType.Epsilon, "sample", "timestep", label, context, null, "out"),
        schedule ?? DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02), new SampleEntry(1, 2, 2, -1, 1), label is null ? null : new LabelsEntry(3, 3, []), null, null, null, "", new Dictionary<string, string>());

    private void Input(string name, Type type, long[] shape) => graph.Input.Add(Value(name, type, shape));

    private void Add(string name, int rank, Type type)
    {
        var value = name;
        if (type != Type.Float)
        {
            value = $"{name}/float";
            graph.Node.Add(new NodeProto { OpType = "Cast", Name = $"/{name}/cast", Input = { name }, Output = { value }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = (int)Type.Float } } });
        }

        if (rank > 0)
        {
            // [rows, ...] as [rows, 1, 1, 1]
            var flat = $"{name}/flat";
            graph.Initializer.Add(Integers($"{name}/shape", 0, -1, 1, 1));
            graph.Node.Add(new NodeProto { OpType = "Reshape", Name = $"/{name}/reshape", Input = { rank == 1 ? Unsqueezed(value) : value, $"{name}/shape" }, Output = { flat } });
            value = $"{name}/mean";
            graph.Node.Add(new NodeProto { OpType = "ReduceMean", Name = $"/{name}/mean", Input = { flat }, Output = { value }, Attribute = { Ints("axes", 1), Int("keepdims", 1) } });
        }

        var sum = $"{name}/sum";
        graph.Node.Add(new NodeProto { OpType = "Add", Name = $"/{name}/add", Input = { last, value }, Output = { sum } });
        last = sum;
    }

    private string Unsqueezed(string value)
    {
        graph.Initializer.Add(Integers($"{value}/axes", 1));
        graph.Node.Add(new NodeProto { OpType = "Unsqueeze", Name = $"/{value}/unsqueeze", Input = { value, $"{value}/axes" }, Output = { $"{value}/column" } });
        return $"{value}/column";
    }

    private static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    private static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static TensorProto Integers(string name, params long[] values) => new() { Name = name, DataType = (int)Type.Int64, Dims = { values.Length }, Int64Data = { values } };

    private static ValueInfoProto Value(string name, Type type, long[] shape)
    {
        var dims = new TensorShapeProto();
        dims.Dim.AddRange(shape.Select((d, i) => d > 0 ? new TensorShapeProto.Types.Dimension { DimValue = d } : new TensorShapeProto.Types.Dimension { DimParam = i == 0 ? "batch" : $"{name}_{i}" }));
        return new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = dims } } };
    }
}
