using BatchEval.Onnx.Graph.Proto;

namespace BatchEval.Onnx.Graph;

/// <summary>Reads a node's attributes.</summary>
internal static class Attributes
{
    public static IReadOnlyList<long> Integers(this NodeProto node, string name) => Find(node, name)?.Ints ?? [];

    public static long Integer(this NodeProto node, string name, long missing) => Find(node, name) is { HasI: true } a ? a.I : missing;

    public static string Text(this NodeProto node, string name) => Find(node, name)?.S.ToStringUtf8() ?? string.Empty;

    private static AttributeProto? Find(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name);
}
