using System.Globalization;
using BatchEval.Onnx.Graph.Proto;

namespace BatchEval.Onnx.Graph;

/// <summary>A model whose external weights are gathered in one new file: only those that it still has, one behind the other.</summary>
/// <param name="Model">The model, its weights pointing into the new file.</param>
/// <param name="Ranges">Where each of them comes from and where it goes.</param>
internal sealed record ExternalWeights(ModelProto Model, IReadOnlyList<(ExternalRange From, long To)> Ranges)
{
    // Pages, so that runtimes can map the file.
    private const long Alignment = 4096;

    /// <param name="model">A model; changed.</param>
    /// <param name="origin">The file that its weights come from.</param>
    /// <param name="location">Name of the new file.</param>
    public static ExternalWeights Gather(ModelProto model, OnnxModel origin, string location)
    {
        var ranges = new List<(ExternalRange, long)>();
        var end = 0L;
        for (var i = 0; i < model.Graph.Initializer.Count; i++)
        {
            if (OnnxModel.IsExternal(model.Graph.Initializer[i]))
            {
                // The pruned graph shares its tensors with the original.
                var tensor = model.Graph.Initializer[i].Clone();
                var range = ExternalRange.Of(tensor, origin.Folder, origin.FileName);
                tensor.ExternalData.Clear();
                tensor.ExternalData.Add(Entry("location", location));
                tensor.ExternalData.Add(Entry("offset", end.ToString(CultureInfo.InvariantCulture)));
                tensor.ExternalData.Add(Entry("length", range.Length.ToString(CultureInfo.InvariantCulture)));
                model.Graph.Initializer[i] = tensor;
                ranges.Add((range, end));
                end = (end + range.Length + Alignment - 1) / Alignment * Alignment;
            }
        }

        return new ExternalWeights(model, ranges);
    }

    /// <summary>Writes the new file.</summary>
    public void Write(Stream target)
    {
        var written = 0L;
        foreach (var (from, to) in Ranges)
        {
            target.Write(new byte[to - written]);
            from.CopyTo(target);
            written = to + from.Length;
        }
    }

    private static StringStringEntryProto Entry(string key, string value) => new() { Key = key, Value = value };
}
