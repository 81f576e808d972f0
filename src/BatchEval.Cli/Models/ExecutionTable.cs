using BatchEval.Onnx.Blocks;
using Spectre.Console;

namespace BatchEval.Cli.Models;

/// <summary>Shows how ways of dropping blocks compare.</summary>
internal static class ExecutionTable
{
    public static void Show(IReadOnlyList<ExecutionTiming> timings, int batch, int rounds, Output output)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("execution").NoWrap());
        foreach (var name in new[] { "MACs left", "ms per call", "of plain", "ms to open" })
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
        }

        foreach (var t in timings)
        {
            table.AddRow(t.Name, Number(t.Macs, "0.0 %"), Number(t.Milliseconds, "0.000"), Number(t.Ratio, "0.000"), t.OpenMilliseconds is { } open ? Number(open, "0") : "-");
        }

        output.Json(new JsonArray([.. timings.Select(t => new JsonObject
        {
            ["execution"] = t.Name, ["macs"] = t.Macs, ["milliseconds"] = t.Milliseconds, ["ratio"] = t.Ratio, ["openMilliseconds"] = t.OpenMilliseconds,
        })]));
        output.Draw(table);
        output.Line($"Medians of {rounds} calls of {batch} samples each, all variants in turns; ratios are taken within each turn. On cpu: one thread, processor time.");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
