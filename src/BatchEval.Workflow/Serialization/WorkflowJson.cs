using System.Text.Json;
using System.Text.Json.Serialization;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;

namespace BatchEval.Workflow.Serialization;

/// <summary>How records become JSON in blobs, on the wire and between activities: camel case, indented, numbers that may be infinite as text.</summary>
public static class WorkflowJson
{
    /// <summary>The one set of options.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            WriteIndented = true,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        options.Converters.Add(new CandidateConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed class CandidateConverter : JsonConverter<Candidate>
    {
        public override Candidate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var problems = new List<Problem>();
            using var document = JsonDocument.ParseValue(ref reader);
            return CandidateJson.Read(document.RootElement, "candidate", problems) ?? throw new JsonException(string.Join(" ", problems));
        }

        public override void Write(Utf8JsonWriter writer, Candidate value, JsonSerializerOptions options) => CandidateJson.Write(writer, value);
    }
}
