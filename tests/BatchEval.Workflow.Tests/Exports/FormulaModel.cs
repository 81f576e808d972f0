using System.Runtime.InteropServices;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using Google.Protobuf;

namespace BatchEval.Workflow.Tests.Exports;

/// <summary>A model package whose network is one line: net = x tanh(k1 t + k0) + k3 tanh(2 x + k2 t), element by element, so that Python can call the same network.</summary>
internal sealed class FormulaModel : IDisposable
{
    private const string Schedules = """
        { "discrete": { "type": "linear", "trainSteps": 1000, "betaStart": 0.0001, "betaEnd": 0.02 },
          "v": { "type": "scaled-linear", "trainSteps": 1000, "betaStart": 0.00085, "betaEnd": 0.012 },
          "sigma": { "type": "sigma", "sigmaMin": 0.002, "sigmaMax": 80 }, "flow": { "type": "flow", "timeScale": 1000 }, "flow-1": { "type": "flow", "timeScale": 1 },
          "svd": { "type": "log-sigma", "sigmaMin": 0.002, "sigmaMax": 700 }, "edm": { "type": "log-sigma", "sigmaMin": 0.002, "sigmaMax": 80, "sigmaData": 0.5 },
          "zero": { "type": "scaled-linear", "trainSteps": 1000, "betaStart": 0.00085, "betaEnd": 0.012, "zeroTerminalSnr": true }, "cosine": { "type": "cosine", "trainSteps": 1000 } }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-formula-").FullName;

    public FormulaModel(string process, bool clamped = false, bool thresholded = false, bool learned = false, bool wholeTimes = false)
    {
        (Process, Learned, WholeTimes) = (process, learned, wholeTimes);
        (Constants, var prediction, Times, End) = process switch
        {
            "discrete" => (new[] { 0.05, 0.004, 0.001, 0.1 }, "epsilon", new double[] { 820, 600, 350, 150, 40 }, 10.0),
            "v" => ([-0.3, -0.0005, 0.001, 0.3], "v", [900, 700, 450, 200, 60], 15),
            "svd" => ([-0.3, 0.2, 0.1, 0.3], "v", [1.5, 1.1, 0.6, 0.2, -0.3], -0.8),
            "edm" => ([-0.3, 0.2, 0.1, 0.3], "edm", [1, 0.5, 0.1, -0.3, -0.8], -1.2),
            "zero" => ([-0.3, -0.0005, 0.001, 0.3], "v", [999, 700, 450, 200, 60], 15),
            "cosine" => ([0.05, 0.004, 0.001, 0.1], "epsilon", [999, 800, 500, 200, 60], 15),
            "flow-1" => ([-0.3, 0.4, 1, 0.5], "flow", [0.95, 0.8, 0.5, 0.25, 0.06], 0.01),
            "sigma" => ([0.5, -0.05, 0.01, 0.4], "sample", [20, 6, 2, 0.6, 0.1], 0.02),
            _ => ([-0.3, 0.0004, 0.001, 0.5], "flow", [950, 800, 500, 250, 60], 10),
        };
        File.WriteAllBytes(Path.Combine(folder, "net.onnx"), Graph());
        var schedule = System.Text.Json.Nodes.JsonNode.Parse(Schedules)![process]!.ToJsonString();
        File.WriteAllText(Path.Combine(folder, "model.json"), $$"""
            { "formatVersion": 1, "name": "formula", "schedule": {{schedule}},
              "denoiser": { "file": "net.onnx", "prediction": "{{prediction}}", "inputs": { "sample": "x", "time": "t" }, "output": "out" },
              "sample": { "channels": 1, "height": 2, "width": 2, "range": [-1, 1], "clampDenoised": {{(clamped ? "true" : "false")}}{{(thresholded ? ", \"thresholding\": { \"ratio\": 0.6, \"max\": 1.4 }" : string.Empty)}} } }
            """);
        Opened = SamplingModel.Open(ModelPackage.Open(folder), new DeviceOptions());
    }

    public string Process { get; }

    /// <summary>Whether the network gives variances, too: tanh x, behind its prediction.</summary>
    public bool Learned { get; }

    /// <summary>Whether the network takes whole times only.</summary>
    public bool WholeTimes { get; }

    public double[] Constants { get; }

    /// <summary>Five times that suit the process.</summary>
    public double[] Times { get; }

    /// <summary>An end below them.</summary>
    public double End { get; }

    public SamplingModel Opened { get; }

    public NoiseSchedule Schedule => Opened.Manifest.Schedule;

    /// <summary>The network's formula in double precision.</summary>
    public double[] Network(double[] x, double time) =>
        [.. x.Select(v => (v * Math.Tanh((Constants[1] * time) + Constants[0])) + (Constants[3] * Math.Tanh((2 * v) + (Constants[2] * time)))), .. Learned ? x.Select(Math.Tanh) : []];

    public void Dispose()
    {
        Opened.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private byte[] Graph()
    {
        var graph = new GraphProto { Name = "formula", Input = { Value("x", 1, 2, 2), WholeTimes ? Value("t", TensorProto.Types.DataType.Int64) : Value("t") }, Output = { Value("out", Learned ? 2 : 1, 2, 2) } };
        void Constant(string name, double value) => graph.Initializer.Add(new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Float, FloatData = { (float)value } });
        for (var i = 0; i < 4; i++)
        {
            Constant($"k{i}", Constants[i]);
        }

        Constant("two", 2);
        long[] column = [-1, 1, 1, 1];
        graph.Initializer.Add(new TensorProto { Name = "column", DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 4 }, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(column.AsSpan())) });
        if (WholeTimes)
        {
            graph.Node.Add(new NodeProto { OpType = "Cast", Input = { "t" }, Output = { "real" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = (int)TensorProto.Types.DataType.Float } } });
        }

        foreach (var (type, output, inputs) in new (string, string, string[])[]
        {
            ("Reshape", "time", [WholeTimes ? "real" : "t", "column"]), ("Mul", "a", ["time", "k1"]), ("Add", "b", ["a", "k0"]), ("Tanh", "c", ["b"]), ("Mul", "d", ["x", "c"]),
            ("Mul", "e", ["x", "two"]), ("Mul", "f", ["time", "k2"]), ("Add", "g", ["e", "f"]), ("Tanh", "h", ["g"]), ("Mul", "i", ["h", "k3"]), ("Add", Learned ? "prediction" : "out", ["d", "i"]),
        })
        {
            graph.Node.Add(new NodeProto { OpType = type, Input = { inputs }, Output = { output } });
        }

        if (Learned)
        {
            graph.Node.Add(new NodeProto { OpType = "Tanh", Input = { "x" }, Output = { "variances" } });
            graph.Node.Add(new NodeProto
            {
                OpType = "Concat", Input = { "prediction", "variances" }, Output = { "out" },
                Attribute = { new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 } },
            });
        }

        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray();
    }

    private static ValueInfoProto Value(string name, params int[] extents) => Value(name, TensorProto.Types.DataType.Float, extents);

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type, params int[] extents)
    {
        var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "N" } } };
        shape.Dim.AddRange(extents.Select(e => new TensorShapeProto.Types.Dimension { DimValue = e }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }
}
