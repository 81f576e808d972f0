using System.Text.Json;

namespace BatchEval.Functions;

/// <summary>How inputs, outputs and custom status travel: camel case, read without regard to case. Fixed before the first run was in flight.</summary>
public static class WorkerJson
{
    private static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions());

    /// <summary>Sets options up.</summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = true;
        return options;
    }

    /// <summary>Reads a value.</summary>
    public static T? Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options);

    /// <summary>Writes a value.</summary>
    public static string Write(object? value) => JsonSerializer.Serialize(value, Options);
}
