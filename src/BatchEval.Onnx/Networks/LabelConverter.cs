using System.Text.Json;
using System.Text.Json.Nodes;

namespace BatchEval.Onnx.Networks;

/// <summary>A label in JSON: its number, or "random".</summary>
internal sealed class LabelConverter : DataConverter<int?>
{
    private const string Random = "random";

    public override string Words => "null, \"random\", or a label number";

    public override JsonObject Schema => new()
    {
        ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "null" }, new JsonObject { ["const"] = Random }, new JsonObject { ["type"] = "integer", ["minimum"] = 0 }),
    };

    public override void Check(JsonElement value, string path, ICollection<Problem> problems)
    {
        var allowed = value.ValueKind == JsonValueKind.Number ? value.TryGetInt32(out var label) && label >= 0 : value.ValueKind == JsonValueKind.String && value.GetString() == Random;
        if (!allowed)
        {
            problems.Add(new Problem(path, $"is {value.GetRawText()}; allowed: {Words}."));
        }
    }

    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? Conditions.RandomLabel : reader.GetInt32();

    public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options)
    {
        if (value == Conditions.RandomLabel)
        {
            writer.WriteStringValue(Random);
        }
        else
        {
            writer.WriteNumberValue(value!.Value);
        }
    }
}
