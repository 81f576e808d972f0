using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using BatchEval.Cli.Distances;
using BatchEval.Cli.Options;
using BatchEval.Cli.Terminal;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval fid</c>: the Frechet distance of two sets.</summary>
internal static class FidCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Shell shell)
    {
        const string side = "An .npz of statistics (mu, sigma), an .npy of features [n, d], or a folder of images.";
        var (a, b) = (new Argument<string>("a") { Description = side }, new Argument<string>("b") { Description = side });
        var features = new Option<string?>("--features") { Description = "Package whose feature network turns images into features: a folder with features.json or model.json.", HelpName = "package" };
        var (device, json) = (CommonOptions.Device(), CommonOptions.Json());
        var command = new Command("fid", "Frechet distance of two sets, with a standard error where features are given.") { a, b, features, device, json };
        command.SetAction(parsed =>
        {
            var package = parsed.GetValue(features) is { } folder ? shell.PathOf(folder) : null;
            var options = CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device;
            DistanceSide[] sides = [.. new[] { a, b }.Select(argument => DistanceSide.Read(shell.PathOf(parsed.GetRequiredValue(argument)), package, options))];
            Show(Distance.Between(sides[0], sides[1]), sides, new Output(shell, parsed.GetValue(json)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Show(Distance distance, DistanceSide[] sides, Output output)
    {
        var error = distance.StandardError is { } e ? string.Create(CultureInfo.InvariantCulture, $" ± {e:G3}") : string.Empty;
        output.Line(string.Create(CultureInfo.InvariantCulture, $"FID {distance.Fid:G9}{error}"));
        output.Line($"a: {Describe(sides[0])}");
        output.Line($"b: {Describe(sides[1])}");
        output.Line($"({distance.Note})");
        output.Json(new JsonObject
        {
            ["fid"] = distance.Fid,
            ["standardError"] = distance.StandardError,
            ["note"] = distance.Note,
            ["dimensions"] = sides[0].Statistics.Dimensions,
            ["a"] = Json(sides[0]),
            ["b"] = Json(sides[1]),
        });
    }

    private static string Describe(DistanceSide side) =>
        $"{side.Kind} of {(side.Count is { } count ? count.ToString(CultureInfo.InvariantCulture) : "an unknown number of")} samples, {side.Statistics.Dimensions} dimensions";

    private static JsonObject Json(DistanceSide side) => new() { ["kind"] = side.Kind, ["count"] = side.Count };
}
