using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Specifications;

/// <summary>Run specifications as JSON, in and out; all of it follows from <see cref="RunSpecification"/>.</summary>
public static class SpecificationJson
{
    private static readonly JsonNamingPolicy EnumNames = JsonNamingPolicy.KebabCaseLower;

    /// <summary>How specifications become JSON: all members in the order of the records, camel case, enumerations in kebab case.</summary>
    internal static JsonSerializerOptions Options { get; } = CreateOptions();

    /// <summary>The schema that editors use; <c>docs/run-specification.schema.json</c> is a copy.</summary>
    public static JsonObject Schema
    {
        get
        {
            var schema = DataSchema.Of(typeof(RunSpecification), Options, Defaults);
            schema["title"] = "BatchEval run specification";
            schema["$id"] = "run-specification.schema.json";
            return schema;
        }
    }

    public static IEnumerable<DataField> Fields => DataSchema.Fields(typeof(RunSpecification), Options, Defaults);

    /// <summary>The table of fields in <c>docs/run-specification.md</c>.</summary>
    public static string MarkdownTable => string.Concat(
        Fields.Select(f => $"| `{f.Path}` | {(f.Required ? "required" : f.Default is { } standard ? $"`{standard.ToJsonString()}`" : "none")} | {f.Description}{(f.Allowed.Length > 0 ? $" Allowed: {f.Allowed}." : string.Empty)} |\n")
            .Prepend("| field | default | meaning |\n|---|---|---|\n"));

    private static JsonObject Defaults => JsonSerializer.SerializeToNode(new RunSpecification { Name = "-", Model = "-", Budget = new BudgetSpecification() }.Resolved(), Options)!.AsObject();

    /// <summary>Reads a specification; every default is filled in.</summary>
    /// <exception cref="ProblemException">The text is not a specification; every problem is listed.</exception>
    public static RunSpecification Read(string json) => DataReader.Read<RunSpecification>(json, "The run specification", Options).Resolved();

    /// <summary>The full JSON; reads back to an equal specification.</summary>
    public static JsonObject Write(RunSpecification specification) => JsonSerializer.SerializeToNode(specification, Options)!.AsObject();

    /// <summary>The JSON without what cannot change a result; a run's id is made from it.</summary>
    public static JsonObject WriteWhatMatters(RunSpecification specification)
    {
        var json = Write(specification);
        json.Remove("execution");
        return json;
    }

    /// <summary>The name of a value as specifications have it.</summary>
    public static string Name<T>(this T value)
        where T : struct, Enum => EnumNames.ConvertName(value.ToString());

    /// <summary>The type of a field, or null where there is none.</summary>
    internal static Type? TypeOf(string path) => DataSchema.TypeAt(typeof(RunSpecification), path, Options);

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            IgnoreReadOnlyProperties = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        };
        options.Converters.Add(new JsonStringEnumConverter(EnumNames, allowIntegerValues: false));
        options.Converters.Add(new CandidateConverter());
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
