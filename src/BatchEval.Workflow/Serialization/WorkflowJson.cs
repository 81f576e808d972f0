using System.Text.Json;
using System.Text.Json.Serialization;

namespace BatchEval.Workflow.Serialization;

/// <summary>How records become JSON in blobs, on the wire and between activities: camel case, indented, numbers that may be infinite as text.</summary>
public static class WorkflowJson
{
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Sets options of somebody else's up in the same way.</summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.WriteIndented = true;
        options.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new CandidateConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        return options;
    }

    private static JsonSerializerOptions Create()
    {
        var options = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
