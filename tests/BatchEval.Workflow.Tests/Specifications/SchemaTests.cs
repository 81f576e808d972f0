using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Specifications;

/// <summary>The published schema and the reader say the same.</summary>
public sealed class SchemaTests
{
    private static readonly JsonObject Schema =
        JsonNode.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "docs", "run-specification.schema.json")))!.AsObject();

    private static readonly JsonObject Written =
        SpecificationWriter.Write(SpecificationReader.Read("""{"name":"tiny","model":"m","budget":{"networkCalls":4}}"""));

    [Fact]
    public void The_schema_names_exactly_the_members_that_are_written() => Compare(Schema, Written, string.Empty);

    [Fact]
    public void The_reader_refuses_what_the_schema_does_not_name() =>
        Should.Throw<ProblemException>(() => SpecificationReader.Read(SpecificationOverrides.Apply(Written.ToJsonString(), ["other=1"])))
            .Message.ShouldContain(string.Join(", ", Members(Schema).Order(StringComparer.Ordinal)));

    [Fact]
    public void The_schema_lists_the_step_spacings_there_are()
    {
        var spacing = Schema["properties"]!["reference"]!["properties"]!["spacing"]!["enum"]!.AsArray().Select(n => n!.GetValue<string>());
        spacing.ShouldBe(StepSpacing.Names, ignoreOrder: true);
        var baselines = Schema["properties"]!["baselines"]!["items"]!["enum"]!.AsArray().Select(n => n!.GetValue<string>());
        baselines.ShouldBe(BaselineNames.All, ignoreOrder: true);
        var methods = Schema["properties"]!["search"]!["properties"]!["method"]!["enum"]!.AsArray().Select(n => n!.GetValue<string>());
        methods.ShouldBe(SearchSpecification.SearchMethods, ignoreOrder: true);
        var distances = Schema["properties"]!["search"]!["properties"]!["distance"]!["enum"]!.AsArray().Select(n => n!.GetValue<string>());
        distances.ShouldBe(ScheduleMethods.Distances);
    }

    private static void Compare(JsonObject schema, JsonObject written, string path)
    {
        Members(schema).Except(["preset"]).ShouldBe(written.Select(m => m.Key), ignoreOrder: true, $"members of {path}");
        foreach (var (name, value) in written)
        {
            var member = schema["properties"]![name]!.AsObject();
            if (value is JsonObject child)
            {
                Compare(member, child, $"{path}.{name}");
            }
            else if (member["default"] is { } standard && value is not null)
            {
                value.ToJsonString().ShouldBe(standard.ToJsonString(new JsonSerializerOptions()), $"default of {path}.{name}");
            }
        }
    }

    private static IEnumerable<string> Members(JsonObject schema) => schema["properties"]!.AsObject().Select(p => p.Key).Except(["$schema"]);
}
