using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Graph;

/// <summary>A parsed ONNX file. Weights in other files stay there: only their names, offsets and lengths are held.</summary>
/// <param name="Proto">The model; never changed after reading.</param>
/// <param name="Folder">Folder that external weights are relative to.</param>
public sealed record OnnxModel(ModelProto Proto, string Folder, string FileName)
{
    /// <summary>The oldest operator set whose graphs can be cut.</summary>
    public const long OldestOperatorSet = 13;

    /// <summary>The newest operator set whose graphs can be cut.</summary>
    public const long NewestOperatorSet = 21;

    public GraphProto Graph => Proto.Graph;

    /// <summary>Version of the standard operator set; 0 where the file imports none.</summary>
    public long OperatorSet => Proto.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 0;

    /// <summary>Why the graph cannot be cut, or null when it can.</summary>
    public string? Unsupported =>
        OperatorSet is >= OldestOperatorSet and <= NewestOperatorSet ? null
        : $"{FileName} uses operator set {OperatorSet}; blocks can be found and dropped in operator sets {OldestOperatorSet} to {NewestOperatorSet}.";

    /// <summary>True when some weights lie in other files.</summary>
    public bool HasExternalWeights => Graph.Initializer.Any(IsExternal);

    /// <summary>Inputs as the graph declares them; weights that are listed as inputs, too, are none.</summary>
    public IReadOnlyList<TensorInput> Inputs => [.. Graph.Input.Where(i => Graph.Initializer.All(t => t.Name != i.Name)).Select(Declared)];

    /// <summary>Outputs as the graph declares them.</summary>
    public IReadOnlyList<TensorInput> Outputs => [.. Graph.Output.Select(Declared)];

    /// <summary>Files beside the model's own that hold its weights, relative to its folder.</summary>
    public IReadOnlyList<string> WeightFiles => [.. Graph.Initializer.Where(IsExternal).Select(t => t.ExternalData.First(e => e.Key == "location").Value).Distinct(StringComparer.Ordinal)];

    internal static TensorInput Declared(ValueInfoProto value)
    {
        var tensor = value.Type?.TensorType;
        var dims = tensor?.Shape?.Dim ?? [];
        return new TensorInput(value.Name, (TensorElementType)(tensor?.ElemType ?? 0), dims.Count, [.. dims.Select(d => d.DimValue > 0 ? (int)d.DimValue : -1)]) { AxisNames = [.. dims.Select(d => d.DimParam)] };
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ProblemException">The file is missing, is no ONNX model, or names external weights that are not there.</exception>
    public static OnnxModel Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new ProblemException($"The model file '{path}' does not exist.");
        }

        ModelProto proto;
        try
        {
            using var stream = File.OpenRead(path);
            proto = ModelProto.Parser.ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new ProblemException($"'{path}' could not be loaded as an ONNX model: it is truncated, damaged, or another format ({ErrorText.Of(error)})");
        }

        if (proto.Graph is null || proto.Graph.Node.Count == 0)
        {
            throw new ProblemException($"'{path}' could not be loaded as an ONNX model: it has no graph.");
        }

        RequireOrder(proto.Graph, path);
        var model = new OnnxModel(proto, Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path));
        foreach (var tensor in proto.Graph.Initializer.Where(IsExternal))
        {
            _ = ExternalRange.Of(tensor, model.Folder, model.FileName);
        }

        return model;
    }

    // Every value has one source, before its readers (ONNX, "Graphs"); what walks along a graph relies on it.
    private static void RequireOrder(GraphProto graph, string path)
    {
        var producers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var node = 0; node < graph.Node.Count; node++)
        {
            if (graph.Node[node].Output.FirstOrDefault(output => output.Length > 0 && !producers.TryAdd(output, node)) is { } twice)
            {
                throw new ProblemException($"'{path}' could not be loaded as an ONNX model: its value '{twice}' is computed twice.");
            }
        }

        for (var node = 0; node < graph.Node.Count; node++)
        {
            if (graph.Node[node].Input.FirstOrDefault(input => producers.GetValueOrDefault(input, -1) >= node) is { } late)
            {
                throw new ProblemException($"'{path}' could not be loaded as an ONNX model: its value '{late}' is read before it is computed.");
            }
        }

        if (graph.Initializer.GroupBy(tensor => tensor.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } repeated)
        {
            throw new ProblemException($"'{path}' could not be loaded as an ONNX model: it has two tensors named '{repeated.Key}'.");
        }
    }

    /// <summary>True for a tensor whose content lies in another file.</summary>
    public static bool IsExternal(TensorProto tensor) => tensor.DataLocation == TensorProto.Types.DataLocation.External;
}
