using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace BatchEval.Core.Json;

/// <summary>
/// Reads data records as <see cref="JsonSerializer"/> does, but says everything that is wrong at once: unknown and missing members, wrong
/// types, and whatever <see cref="ConstraintAttribute"/> and <see cref="ICheckedData"/> do not allow. Null stands for a member left out.
/// </summary>
public sealed class DataReader
{
    private readonly JsonSerializerOptions options;
    private readonly ICollection<Problem> problems;

    private DataReader(JsonSerializerOptions options, ICollection<Problem> problems) => (this.options, this.problems) = (options, problems);

    /// <summary>Reads a record.</summary>
    /// <param name="json">The text; comments and trailing commas are allowed.</param>
    /// <param name="subject">What it is, for the refusal, for example "The run specification".</param>
    /// <exception cref="ProblemException">The text cannot be used; every problem is listed.</exception>
    public static T Read<T>(string json, string subject, JsonSerializerOptions options)
    {
        var problems = new List<Problem>();
        if (JsonInspector.Parse(json, problems) is { } parsed)
        {
            using (parsed.Document)
            {
                var clean = problems.Count == 0 ? new DataReader(options, problems).Clean(parsed.Document.RootElement, options.GetTypeInfo(typeof(T)), string.Empty) : null;
                if (problems.Count == 0)
                {
                    return clean.Deserialize<T>(options)!;
                }
            }
        }

        throw new ProblemException(subject, problems);
    }

    /// <summary>Reports everything that is wrong with a value inside another document.</summary>
    public static void Check(JsonElement value, Type type, string path, JsonSerializerOptions options, ICollection<Problem> problems)
    {
        new DataReader(options, problems).Clean(value, options.GetTypeInfo(type), path);
    }

    /// <summary>The members of a record that its JSON has.</summary>
    internal static IEnumerable<JsonPropertyInfo> Members(JsonTypeInfo type) => type.Properties.Where(p => p.Set is not null || p.AssociatedParameter is not null);

    internal static IEnumerable<ConstraintAttribute> Constraints(JsonPropertyInfo member) =>
        member.AttributeProvider?.GetCustomAttributes(typeof(ConstraintAttribute), true).Cast<ConstraintAttribute>() ?? [];

    internal static IReadOnlyList<string> EnumNames(Type type, JsonSerializerOptions options) =>
        [.. Enum.GetValues(type).Cast<object>().Select(v => JsonSerializer.SerializeToElement(v, type, options).GetString()!)];

    // A copy without what means nothing, which deserialises; null after a problem.
    private JsonNode? Clean(JsonElement value, JsonTypeInfo type, string path, JsonPropertyInfo? member = null)
    {
        var before = problems.Count;
        if ((member?.CustomConverter ?? type.Converter) is IDataConverter converter)
        {
            converter.Check(value, path, problems);
        }
        else if (type.Kind == JsonTypeInfoKind.Object)
        {
            return CleanObject(value, type, path);
        }
        else if (type.Kind == JsonTypeInfoKind.Enumerable)
        {
            return CleanArray(value, options.GetTypeInfo(type.ElementType!), path, member);
        }
        else if (Violation(value, Nullable.GetUnderlyingType(type.Type) ?? type.Type, member) is { } message)
        {
            problems.Add(new Problem(path, message));
        }

        return problems.Count == before ? NodeOf(value) : null;
    }

    private JsonObject? CleanObject(JsonElement value, JsonTypeInfo type, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new Problem(path, $"must be an object, got {JsonWords.Kind(value)}."));
            return null;
        }

        var (before, clean) = (problems.Count, new JsonObject());
        foreach (var member in Members(type))
        {
            if (value.TryGetProperty(member.Name, out var given) && given.ValueKind != JsonValueKind.Null)
            {
                clean[member.Name] = Clean(given, options.GetTypeInfo(member.PropertyType), Join(path, member.Name), member);
            }
            else if (member.IsRequired)
            {
                problems.Add(new Problem(Join(path, member.Name), "is missing."));
            }
        }

        var usable = problems.Count == before;
        var known = Members(type).Select(m => m.Name).Order(StringComparer.Ordinal).ToList();
        foreach (var unknown in value.EnumerateObject().Where(m => !known.Contains(m.Name) && m.Name != "$schema"))
        {
            problems.Add(new Problem(Join(path, unknown.Name), $"is unknown; allowed: {string.Join(", ", known)}."));
        }

        if (usable && typeof(ICheckedData).IsAssignableFrom(type.Type))
        {
            foreach (var violation in ((ICheckedData)clean.Deserialize(type)!).Violations())
            {
                problems.Add(violation with { Path = violation.Path.Length == 0 ? path : Join(path, violation.Path) });
            }
        }

        return usable ? clean : null;
    }

    private JsonArray? CleanArray(JsonElement value, JsonTypeInfo element, string path, JsonPropertyInfo? member)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            problems.Add(new Problem(path, $"must be an array, got {JsonWords.Kind(value)}."));
            return null;
        }

        return new JsonArray([.. value.EnumerateArray().Select((e, i) => Clean(e, element, $"{path}[{i}]", member))]);
    }

    private string? Violation(JsonElement value, Type type, JsonPropertyInfo? member)
    {
        var wrong = type switch
        {
            _ when type == typeof(bool) => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : $"must be true or false, got {JsonWords.Kind(value)}.",
            _ when type.IsEnum => OneOf(value, EnumNames(type, options)),
            _ when type == typeof(string) => Text(value),
            _ when value.ValueKind != JsonValueKind.Number => $"must be {(type == typeof(double) ? "a number" : "a whole number")}{(type == typeof(ulong) ? " of at least 0" : string.Empty)}, got {JsonWords.Kind(value)}.",
            _ when type == typeof(int) => value.TryGetInt32(out _) ? null : $"must be a whole number, got {value.GetRawText()}.",
            _ when type == typeof(ulong) => value.TryGetUInt64(out _) ? null : $"must be a whole number of at least 0, got {value.GetRawText()}.",
            _ when type == typeof(double) => double.IsFinite(value.GetDouble()) ? null : $"is {value.GetRawText()}; allowed: finite numbers.",
            _ => throw new NotSupportedException($"Members of type {type} need a converter that implements {nameof(IDataConverter)}."),
        };
        return wrong ?? (member is null ? null : Constraints(member).Select(c => c.Violation(value)).FirstOrDefault(v => v is not null));
    }

    private static JsonNode? NodeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(value),
        JsonValueKind.Array => JsonArray.Create(value),
        _ => JsonValue.Create(value),
    };

    private static string? Text(JsonElement value) => value.ValueKind != JsonValueKind.String ? $"must be a string, got {JsonWords.Kind(value)}."
        : value.GetString()!.Length == 0 ? "must not be empty."
        : null;

    private static string? OneOf(JsonElement value, IReadOnlyList<string> names) =>
        Text(value) ?? (names.Contains(value.GetString()) ? null : $"is '{value.GetString()}'; allowed: {string.Join(", ", names)}.");

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
