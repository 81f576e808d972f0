using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;

namespace BatchEval.Durable.Serialization;

/// <summary>How inputs, outputs and custom status travel: camel case, read without regard to case. Fixed before the first run was in flight.</summary>
public static class DurableJson
{
    private static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions());

    /// <summary>For workers and clients that convert by themselves.</summary>
    public static DataConverter Converter { get; } = new JsonDataConverter(Options);

    /// <summary>Sets options up.</summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = true;
        return options;
    }

    public static T? Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options);
}
