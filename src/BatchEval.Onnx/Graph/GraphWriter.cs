using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;
using Kind = BatchEval.Onnx.Graph.Proto.AttributeProto.Types.AttributeType;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Graph;

/// <summary>Writes a small model node by node, in the order of evaluation.</summary>
internal sealed class GraphWriter(string name)
{
    private const int OperatorSet = 17;
    private readonly GraphProto graph = new() { Name = name };

    /// <summary>Declares inputs of any shape.</summary>
    public void Inputs(int type, params IEnumerable<string> names) => graph.Input.AddRange(names.Select(n => Value(n, type)));

    /// <summary>Declares outputs of any shape.</summary>
    public void Outputs(int type, params IEnumerable<string> names) => graph.Output.AddRange(names.Select(n => Value(n, type)));

    /// <summary>Adds a node.</summary>
    /// <returns>Name of its output.</returns>
    public string Node(string operation, params string[] inputs) => Node(operation, inputs, null);

    /// <inheritdoc cref="Node(string, string[])"/>
    /// <param name="output">What its output is called, or null.</param>
    public string Node(string operation, string[] inputs, string? output, params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = operation, Name = $"{operation}{graph.Node.Count}" };
        node.Input.AddRange(inputs);
        node.Output.Add(output ?? $"{node.Name}/output");
        node.Attribute.AddRange(attributes);
        graph.Node.Add(node);
        return node.Output[0];
    }

    /// <summary>Splits a vector into its numbers; all there are, in order.</summary>
    public void Split(string vector, IReadOnlyList<string> numbers)
    {
        var node = new NodeProto { OpType = "Split", Name = $"{vector}/Split", Input = { vector, Integers([.. numbers.Select(_ => 1L)]) } };
        node.Output.AddRange(numbers);
        graph.Node.Insert(0, node);
    }

    /// <summary>A constant.</summary>
    public string Number(double value) => Constant(new TensorProto { DataType = (int)Type.Float, FloatData = { (float)value } });

    /// <summary>A constant vector.</summary>
    public string Integers(params ReadOnlySpan<long> values) => Constant(Tensors.Integers(string.Empty, values));

    public static AttributeProto Attribute(string name, long value) => new() { Name = name, Type = Kind.Int, I = value };

    public static AttributeProto Attribute(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = Kind.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    public byte[] ToModel() => new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = OperatorSet } } }.ToByteArray();

    private string Constant(TensorProto tensor)
    {
        tensor.Name = $"constant{graph.Initializer.Count}";
        graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private static ValueInfoProto Value(string name, int type) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } } };
}
