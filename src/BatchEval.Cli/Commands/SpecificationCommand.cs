using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval specification</c>: the fields of a run specification, for people, editors and the documentation.</summary>
internal static class SpecificationCommand
{
    public static Command Create(Shell shell)
    {
        var schema = new Option<bool>("--schema") { Description = "Print the JSON schema, for editors." };
        var markdown = new Option<bool>("--markdown") { Description = "Print the table of docs/run-specification.md." };
        var command = new Command("specification", "The fields of a run specification: defaults, what is allowed, and what they mean.") { schema, markdown };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(schema))
            {
                shell.Out.WriteLine(SpecificationJson.Schema.ToJsonString(WorkflowJson.Options));
            }
            else if (parsed.GetValue(markdown))
            {
                shell.Out.Write(SpecificationJson.MarkdownTable);
            }
            else
            {
                Print(shell.Out);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static void Print(TextWriter writer)
    {
        foreach (var field in SpecificationJson.Fields)
        {
            writer.WriteLine($"{field.Path}  ({(field.Required ? "required" : field.Default is { } standard ? $"default {standard.ToJsonString()}" : "no default")})");
            writer.WriteLine($"    {field.Description}");
            if (field.Allowed.Length > 0)
            {
                writer.WriteLine($"    Allowed: {field.Allowed}.");
            }
        }
    }
}
