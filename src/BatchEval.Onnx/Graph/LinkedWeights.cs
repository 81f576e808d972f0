using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;

namespace BatchEval.Onnx.Graph;

/// <summary>
/// A model in memory whose external weights lie behind symbolic links. ONNX's checker follows links for a file's own graph, but refuses them in
/// subgraphs, so locations are replaced by those of the files themselves.
/// </summary>
internal static class LinkedWeights
{
    /// <summary>Bytes of a model, and the folder that its external weights are relative to.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="folder">Folder that locations in it are relative to.</param>
    public static (byte[] Bytes, string Folder) Resolve(ModelProto model, string folder)
    {
        var bytes = model.ToByteArray();
        var targets = Tensors(model.Graph).Select(LocationOf).Distinct().ToDictionary(l => l, l => LinkedFile.Of(Path.Combine(folder, l)).FullName, StringComparer.Ordinal);
        if (targets.All(t => t.Value == Path.GetFullPath(Path.Combine(folder, t.Key))))
        {
            return (bytes, folder);
        }

        var root = targets.Values.Select(t => Path.GetDirectoryName(t)!).Aggregate(Common);
        var copy = ModelProto.Parser.ParseFrom(bytes);
        foreach (var tensor in Tensors(copy.Graph))
        {
            var entry = tensor.ExternalData.First(e => e.Key == "location");
            entry.Value = Path.GetRelativePath(root, targets[entry.Value]);
        }

        return (copy.ToByteArray(), root);
    }

    private static string LocationOf(TensorProto tensor) => tensor.ExternalData.First(e => e.Key == "location").Value;

    private static IEnumerable<TensorProto> Tensors(GraphProto graph) => graph.Initializer.Where(OnnxModel.IsExternal)
        .Concat(graph.Node.SelectMany(n => n.Attribute).Where(a => a.G is not null).SelectMany(a => Tensors(a.G)));

    private static string Common(string a, string b)
    {
        while (!(b + Path.DirectorySeparatorChar).StartsWith(a.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            a = Path.GetDirectoryName(a)!;
        }

        return a;
    }
}
