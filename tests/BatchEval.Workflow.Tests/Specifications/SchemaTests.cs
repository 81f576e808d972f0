using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Specifications;

/// <summary>The published schema and table are those that the records give, and say what the reader does.</summary>
public sealed class SchemaTests
{
    private static readonly JsonObject Schema = SpecificationJson.Schema;

    private static readonly JsonObject Written = SpecificationJson.Write(SpecificationJson.Read("""{"name":"tiny","model":"m","budget":{"networkCalls":4}}"""));

    private const string Again = "Run the tests once with BATCHEVAL_UPDATE_DOCS=1.";

    private static readonly bool Update = Environment.GetEnvironmentVariable("BATCHEVAL_UPDATE_DOCS") == "1";

    [Fact]
    public void The_published_schema_is_current()
    {
        var path = Path.Combine(RepoPaths.Root, "docs", "run-specification.schema.json");
        if (Update)
        {
            File.WriteAllText(path, Schema.ToJsonString(WorkflowJson.Options) + "\n");
        }

        JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(path)), JsonNode.Parse(Schema.ToJsonString())).ShouldBeTrue(Again);
    }

    [Fact]
    public void The_documented_table_is_current()
    {
        var (path, table) = (Path.Combine(RepoPaths.Root, "docs", "run-specification.md"), SpecificationJson.MarkdownTable);
        if (Update)
        {
            var page = File.ReadAllText(path);
            var start = page.IndexOf(table[..table.IndexOf('\n', StringComparison.Ordinal)], StringComparison.Ordinal);
            var end = page.IndexOf("\n\n", start, StringComparison.Ordinal) + 1;
            File.WriteAllText(path, page[..start] + table + page[end..]);
        }

        File.ReadAllText(path).ShouldContain(table, Case.Sensitive, Again);
    }

    [Fact]
    public void Every_field_has_a_description() =>
        SpecificationJson.Fields.Where(f => f.Description.Length == 0).Select(f => f.Path).ShouldBeEmpty();

    [Fact]
    public void The_schema_names_exactly_the_members_that_are_written() => Compare(Schema, Written, string.Empty);

    [Fact]
    public void The_reader_refuses_what_the_schema_does_not_name() =>
        Should.Throw<ProblemException>(() => SpecificationJson.Read(SpecificationOverrides.Apply(Written.ToJsonString(), ["other=1"])))
            .Message.ShouldContain(string.Join(", ", Members(Schema).Order(StringComparer.Ordinal)));

    [Theory]
    [InlineData("reference.spacing", "trailing")]
    [InlineData("search.method", "klub-dp")]
    [InlineData("search.distance", "chord")]
    [InlineData("objective.metric", "fid")]
    public void Closed_lists_are_enumerated(string path, string name) =>
        Member(path)["enum"]!.AsArray().Select(n => n!.GetValue<string>()).ShouldContain(name);

    [Fact]
    public void Bounds_and_forms_are_in_the_schema()
    {
        Member("budget.networkCalls").ToJsonString().ShouldContain("\"minimum\":1,\"maximum\":10000");
        Member("search.survivors").ToJsonString().ShouldContain("\"exclusiveMinimum\":0,\"maximum\":1");
        Member("name").ToJsonString().ShouldContain("\"pattern\"");
        Member("budget.macs").ToJsonString().ShouldContain("\"ofSteps\"");
        Member("conditions.label").ToJsonString().ShouldContain("\"random\"");
        Schema["required"]!.AsArray().Select(n => n!.GetValue<string>()).ShouldBe(["name", "model", "budget"]);
    }

    // Members that are written only where the method or space of the search uses them.
    private static readonly string[] LeftOut = ["preset", "groups", "interval", "patience", "stepSize", "guidanceRescale", "guidanceInterval", "classifierScale", "candidate"];

    private static JsonObject Member(string path) => path.Split('.').Aggregate(Schema, (schema, name) => schema["properties"]![name]!.AsObject());

    private static void Compare(JsonObject schema, JsonObject written, string path)
    {
        schema["additionalProperties"]!.GetValue<bool>().ShouldBeFalse(path);
        Members(schema).Except(path.Length == 0 ? ["samplingLoop", "prompts", "promptCount", "negativePrompt"] : [.. LeftOut, "metrics"]).ShouldBe(written.Select(m => m.Key), ignoreOrder: true, $"members of {path}");
        foreach (var (name, value) in written)
        {
            var member = schema["properties"]![name]!.AsObject();
            if (value is JsonObject child)
            {
                Compare(member, child, $"{path}.{name}");
            }
            else if (value is not null && schema["required"]?.AsArray().Any(r => r!.GetValue<string>() == name) != true && name != "networkCalls")
            {
                member["default"]!.ToJsonString().ShouldBe(value.ToJsonString(), $"default of {path}.{name}");
            }
        }
    }

    private static IEnumerable<string> Members(JsonObject schema) => schema["properties"]!.AsObject().Select(p => p.Key).Except(["$schema"]);
}
