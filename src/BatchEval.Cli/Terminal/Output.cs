using BatchEval.Workflow.Serialization;
using Spectre.Console;

namespace BatchEval.Cli.Terminal;

/// <summary>Where a command writes: results on standard output, or, when it was asked for JSON, JSON alone there and all else beside it.</summary>
internal sealed class Output(Shell shell, bool json)
{
    private const int PlainWidth = 160;
    private const int MostWidth = 4096;

    private TextWriter People => json ? shell.Error : shell.Out;

    /// <summary>Writes a line for people.</summary>
    public void Line(string text = "") => People.WriteLine(text);

    /// <summary>Writes a table or another drawing for people.</summary>
    public void Draw(Spectre.Console.Rendering.IRenderable drawing) => Draw(_ => drawing);

    /// <summary>Writes a Markdown table, each row in one line however long it is: cut into several it could be read by nobody.</summary>
    public void DrawRows(Table table)
    {
        var console = ConsoleOn(People, terminal: false);
        console.Profile.Width = MostWidth;
        console.Write(table);
    }

    /// <summary>Writes a drawing that depends on how many characters a line has.</summary>
    public void Draw(Func<int, Spectre.Console.Rendering.IRenderable> drawing)
    {
        var console = ConsoleOn(People, json ? shell.ErrorIsTerminal : shell.OutIsTerminal);
        console.Write(drawing(console.Profile.Width));
    }

    /// <summary>Writes a JSON document for programs, if it was asked for. A number that JSON does not have is null in it.</summary>
    public void Json(JsonNode document)
    {
        if (json)
        {
            shell.Out.WriteLine(Finite(document)!.ToJsonString(WorkflowJson.Printed));
        }
    }

    private static JsonNode? Finite(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, Finite(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Finite)]),
        JsonValue value when value.TryGetValue(out double number) && !double.IsFinite(number) => null,
        _ => node?.DeepClone(),
    };

    /// <summary>A console that draws on a writer: without control codes and wide enough for tables unless the writer is a terminal.</summary>
    public static IAnsiConsole ConsoleOn(TextWriter writer, bool terminal)
    {
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No, Interactive = InteractionSupport.No };
        if (!terminal)
        {
            settings.ColorSystem = ColorSystemSupport.NoColors;
        }

        var console = AnsiConsole.Create(settings);
        if (!terminal)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }
}
