using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Blocks;
using Spectre.Console;

namespace BatchEval.Cli.Models;

/// <summary>Shows a network's blocks as a table or as JSON.</summary>
internal static class BlockTable
{
    /// <summary>Shows them.</summary>
    /// <param name="costs">Measured costs, or null where only multiply-adds were counted.</param>
    public static void Show(InspectedModel model, CostModel? costs, Output output)
    {
        var (profile, file) = (model.Profile, model.Graph.Model.FileName);
        output.Json(Json(model, costs));
        foreach (var (role, tensors) in new[] { ("input", model.Graph.Model.Inputs), ("output", model.Graph.Model.Outputs) })
        {
            foreach (var tensor in tensors)
            {
                output.Line($"{role,-7} {tensor.Name} {tensor.ShapeText} {tensor.Type.ToString().ToLowerInvariant()}");
            }
        }

        var noise = model.Manifest.Schedule;
        output.Line(string.Create(CultureInfo.InvariantCulture,
            $"noise   {noise.Process.ToString().ToLowerInvariant()}, times {noise.MinTime:G6} to {noise.MaxTime:G6}, sigma {noise.SigmaAt(noise.MinTime):G4} to {noise.SigmaAt(noise.MaxRatioTime):G4}; output {model.Manifest.Denoiser.Prediction.ToString().ToLowerInvariant()}"));
        if (profile.Blocks.Count > 0)
        {
            output.Draw(Draw(profile, costs));
        }

        var blocks = profile.Blocks.Sum(b => b.Macs);
        output.Line(string.Create(CultureInfo.InvariantCulture,
            $"{file}: {Count(profile.Macs)} multiply-adds per call, {profile.Parameters:#,0} parameters, {Bytes(profile.PeakBytes)} at the peak{Time(costs)}."));
        output.Line(profile.Blocks.Count == 0
            ? $"No droppable blocks were found in {file}; time steps can be searched, architectures cannot."
            : string.Create(CultureInfo.InvariantCulture, $"{profile.Blocks.Count} droppable blocks hold {blocks / profile.Macs:0.0 %} of the multiply-adds."));
    }

    private static string Count(double number) => number switch
    {
        < 1e4 => number.ToString("#,0", CultureInfo.InvariantCulture),
        < 1e6 => (number / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + " thousand",
        < 1e10 => (number / 1e6).ToString("0.###", CultureInfo.InvariantCulture) + " million",
        _ => (number / 1e9).ToString("0.#", CultureInfo.InvariantCulture) + " billion",
    };

    private static string Bytes(double bytes) => bytes < 1e6 ? (bytes / 1e3).ToString("0.# kB", CultureInfo.InvariantCulture) : (bytes / 1e6).ToString("0.# MB", CultureInfo.InvariantCulture);

    private static string Time(CostModel? costs) =>
        costs is null ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", {costs.Milliseconds:0.###} ms per sample");

    private static Table Draw(NetworkProfile profile, CostModel? costs)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (name, right) in new[] { ("id", true), ("name", false), ("kind", false), ("shortcut", false), ("resolution", true), ("parameters", true), ("MACs", true), ("share", true), ("ms", true) })
        {
            var column = new TableColumn(name).NoWrap();
            table.AddColumn(right ? column.RightAligned() : column);
        }

        foreach (var block in profile.Blocks)
        {
            table.AddRow(
                Text(block.Block.Id), new Text(block.Block.Name), new Text(block.Block.KindName), new Text(block.Block.ShortcutName), new Text(block.Resolution),
                Text(block.Block.Parameters, "#,0"), Text(block.Macs, "#,0"), Text(block.Macs / profile.Macs, "0.0 %"),
                costs is null ? new Text("-") : Text(costs.Blocks[block.Block.Id].Milliseconds, "0.0000"));
        }

        return table;
    }

    private static Text Text(IFormattable value, string? format = null) => new(value.ToString(format, CultureInfo.InvariantCulture));

    private static JsonObject Json(InspectedModel model, CostModel? costs) => new()
    {
        ["model"] = model.Manifest.Name,
        ["file"] = model.Graph.Model.FileName,
        ["operatorSet"] = model.Graph.Model.OperatorSet,
        ["macs"] = model.Profile.Macs,
        ["parameters"] = model.Profile.Parameters,
        ["peakBytes"] = model.Profile.PeakBytes,
        ["milliseconds"] = costs?.Milliseconds,
        ["blocks"] = new JsonArray([.. model.Profile.Blocks.Select(b => Json(b, model.Profile, costs))]),
    };

    private static JsonObject Json(BlockProfile block, NetworkProfile profile, CostModel? costs) => new()
    {
        ["id"] = block.Block.Id,
        ["name"] = block.Block.Name,
        ["kind"] = block.Block.KindName,
        ["shortcut"] = block.Block.ShortcutName,
        ["resolution"] = block.Resolution,
        ["parameters"] = block.Block.Parameters,
        ["macs"] = block.Macs,
        ["share"] = block.Macs / profile.Macs,
        ["milliseconds"] = costs?.Blocks[block.Block.Id].Milliseconds,
    };
}
