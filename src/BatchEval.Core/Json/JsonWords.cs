using System.Text.Json;

namespace BatchEval.Core.Json;

/// <summary>How JSON values are called in messages.</summary>
internal static class JsonWords
{
    /// <summary>The kind of a value, with its article.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };

    /// <summary>A value as a person wrote it.</summary>
    public static string Shown(JsonElement value) => value.ValueKind == JsonValueKind.String ? $"'{value.GetString()}'" : value.GetRawText();
}
