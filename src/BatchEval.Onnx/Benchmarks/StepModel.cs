using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>
/// A solver's step as a model of its own, so that it runs where the network runs: raw = p x + q net, data = clamped raw,
/// next = a x + b raw + c data. States are kept in single precision whatever the network computes in.
/// </summary>
internal static class StepModel
{
    /// <summary>The state before the step, single precision.</summary>
    public const string State = "state";

    public const string Network = "network";

    /// <summary>The five numbers p, q, a, b, c.</summary>
    public const string Coefficients = "coefficients";

    /// <summary>The state after the step, single precision.</summary>
    public const string Next = "next";

    /// <summary>The same, in the network's own element type.</summary>
    public const string Input = "input";

    private const int OperatorSet = 17;

    /// <summary>Builds the model.</summary>
    /// <param name="input">Element type that the network takes.</param>
    /// <param name="output">Element type that it returns.</param>
    /// <param name="sample">Whether and where data predictions are clamped.</param>
    public static byte[] Build(int input, int output, SampleEntry sample)
    {
        if (sample.Limit is { Quantile: not null })
        {
            throw new ProblemException("Steps on the device cannot threshold data predictions (sample.thresholding); use the engine's loop.");
        }

        var graph = new GraphProto
        {
            Name = "step", Input = { Value(State, (int)Type.Float), Value(Network, output), Value(Coefficients, (int)Type.Float) },
            Output = { Value(Next, (int)Type.Float), Value(Input, input) },
        };
        graph.Initializer.Add(Tensors.Integers("sizes", 1, 1, 1, 1, 1));
        graph.Initializer.Add(Number("low", sample.Limit?.Low ?? 0));
        graph.Initializer.Add(Number("high", sample.Limit?.High ?? 0));
        var split = Node("Split", [Coefficients, "sizes"], "p");
        split.Output.AddRange(["q", "a", "b", "c"]);
        graph.Node.AddRange(
        [
            split, Cast(Network, "net", (int)Type.Float),
            Node("Mul", [State, "p"], "px"), Node("Mul", ["net", "q"], "qn"), Node("Add", ["qn", "px"], "raw"),
            sample.Limit is not null ? Node("Clip", ["raw", "low", "high"], "data") : Node("Identity", ["raw"], "data"),
            Node("Mul", [State, "a"], "ax"), Node("Mul", ["raw", "b"], "br"), Node("Add", ["br", "ax"], "sum"),
            Node("Mul", ["data", "c"], "cd"), Node("Add", ["cd", "sum"], Next), Cast(Next, Input, input),
        ]);
        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = OperatorSet } } }.ToByteArray();
    }

    private static NodeProto Node(string operation, string[] inputs, string output)
    {
        var node = new NodeProto { OpType = operation, Name = $"{operation}/{output}", Output = { output } };
        node.Input.AddRange(inputs);
        return node;
    }

    private static NodeProto Cast(string from, string to, int type)
    {
        var node = Node("Cast", [from], to);
        node.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = type });
        return node;
    }

    private static TensorProto Number(string name, double value) => new() { Name = name, DataType = (int)Type.Float, FloatData = { (float)value } };

    private static ValueInfoProto Value(string name, int type) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } } };
}
