using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace BatchEval.Core.Json;

/// <summary>What data records say about themselves: a JSON schema for editors, and their members as a list for documentation.</summary>
public static class DataSchema
{
    /// <summary>The JSON schema (draft 2020-12) of a record, with descriptions, constraints and defaults.</summary>
    /// <param name="defaults">What a record has that was given nothing but what is required.</param>
    /// <param name="isRoot">False for a schema inside another.</param>
    public static JsonObject Of(Type type, JsonSerializerOptions options, JsonObject defaults, bool isRoot = true)
    {
        var schema = options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true }).AsObject();
        Complete(schema, options.GetTypeInfo(type), options, defaults);
        if (isRoot)
        {
            schema["properties"]!.AsObject().Insert(0, "$schema", new JsonObject { ["type"] = "string" });
            schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        }

        return schema;
    }

    /// <summary>Every member of a record and of the records inside it.</summary>
    /// <param name="defaults">What a record has that was given nothing but what is required.</param>
    public static IEnumerable<DataField> Fields(Type type, JsonSerializerOptions options, JsonObject defaults) =>
        Fields(options.GetTypeInfo(type), options, defaults, string.Empty);

    /// <summary>The type of the member at a path, or null where there is none.</summary>
    public static Type? TypeAt(Type type, string path, JsonSerializerOptions options) =>
        path.Split('.').Aggregate<string, Type?>(type, (holder, name) => holder is null ? null : DataReader.Members(options.GetTypeInfo(holder)).FirstOrDefault(m => m.Name == name)?.PropertyType);

    private static IEnumerable<DataField> Fields(JsonTypeInfo type, JsonSerializerOptions options, JsonObject? defaults, string path)
    {
        foreach (var member in DataReader.Members(type))
        {
            var (name, inner) = (path + member.Name, options.GetTypeInfo(member.PropertyType));
            if (inner.Kind == JsonTypeInfoKind.Object && member.CustomConverter is null)
            {
                foreach (var field in Fields(inner, options, defaults?[member.Name] as JsonObject, name + "."))
                {
                    yield return field;
                }
            }
            else
            {
                yield return new DataField(name, member.IsRequired, defaults?[member.Name], DescriptionOf(member), Allowed(member, inner, options));
            }
        }
    }

    private static string Allowed(JsonPropertyInfo member, JsonTypeInfo type, JsonSerializerOptions options)
    {
        var value = type.Kind == JsonTypeInfoKind.Enumerable ? options.GetTypeInfo(type.ElementType!) : type;
        var plain = Nullable.GetUnderlyingType(value.Type) ?? value.Type;
        return (member.CustomConverter ?? value.Converter) is IDataConverter converter ? converter.Words
            : plain.IsEnum ? string.Join(", ", DataReader.EnumNames(plain, options))
            : string.Join("; ", DataReader.Constraints(member).Select(c => c.Words));
    }

    private static string DescriptionOf(JsonPropertyInfo member) =>
        member.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), true).Cast<DescriptionAttribute>().FirstOrDefault()?.Description ?? string.Empty;

    // The exporter knows names and types; converters, constraints, descriptions and defaults are ours.
    private static void Complete(JsonObject schema, JsonTypeInfo type, JsonSerializerOptions options, JsonObject? defaults)
    {
        var exported = schema["properties"]!.AsObject();
        var properties = new JsonObject();
        foreach (var member in DataReader.Members(type))
        {
            var inner = options.GetTypeInfo(member.PropertyType);
            var element = inner.Kind == JsonTypeInfoKind.Enumerable ? options.GetTypeInfo(inner.ElementType!) : inner;
            var own = ((member.CustomConverter ?? element.Converter) as IDataConverter)?.Schema;
            var node = own is not null && element == inner ? own : exported[member.Name]!.DeepClone().AsObject();
            if (element != inner && own is not null)
            {
                node["items"] = own;
            }

            node.Remove("default");
            // Constraints on a list are those of its elements.
            var target = node["items"] as JsonObject ?? node;
            foreach (var constraint in DataReader.Constraints(member))
            {
                constraint.Describe(target);
            }

            if (DescriptionOf(member) is { Length: > 0 } description)
            {
                node["description"] = description;
            }

            if (own is null && inner.Kind == JsonTypeInfoKind.Object)
            {
                Complete(node, inner, options, defaults?[member.Name] as JsonObject);
            }
            else if (!member.IsRequired && defaults?[member.Name] is { } standard)
            {
                node["default"] = standard.DeepClone();
            }

            properties[member.Name] = node;
        }

        schema["properties"] = properties;
    }
}

/// <summary>A member of a data record.</summary>
/// <param name="Path">Names joined by dots.</param>
/// <param name="Required">Whether it must be given.</param>
/// <param name="Default">What it is when left out; null for nothing.</param>
/// <param name="Allowed">What it may be, in words; empty for anything of its type.</param>
public sealed record DataField(string Path, bool Required, JsonNode? Default, string Description, string Allowed);
