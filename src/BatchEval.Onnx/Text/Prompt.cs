using System.Text.Json.Serialization;

namespace BatchEval.Onnx.Text;

/// <summary>One text that images are drawn for.</summary>
/// <param name="Negative">What guidance leads away from; null where none was given, which some models tell apart from an empty one.</param>
/// <param name="Seed">Seed of its start noise, or null for the run's.</param>
/// <param name="Size">Height and width of its image in pixels, or null for the model's own.</param>
public sealed record Prompt([property: JsonPropertyName("prompt")] string Text, string? Negative = null, ulong? Seed = null, IReadOnlyList<int>? Size = null)
{
    /// <summary>Reads a prompt that is written as an object; what is wrong is reported there.</summary>
    internal static Prompt Read(JsonInspector root)
    {
        // An empty negative prompt is not the same as none.
        var negative = root.Any("negative") is { ValueKind: System.Text.Json.JsonValueKind.String } text ? text.GetString() : null;
        var size = root.Integers("size", 1, 16384);
        if (size is not (null or { Count: 2 }))
        {
            root.Report("size", "must be [height, width] in pixels.");
        }

        var prompt = new Prompt(root.Text("prompt"), negative, root.Has("seed") ? root.Unsigned("seed", 0) : null, size);
        root.Close();
        return prompt;
    }
}
