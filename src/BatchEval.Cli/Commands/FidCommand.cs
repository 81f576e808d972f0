using BatchEval.Cli.Metrics;
using BatchEval.Core.Metrics;
using BatchEval.Onnx.Evaluation;
using BatchEval.Onnx.Features;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval fid</c>: the Frechet distance of two sets.</summary>
internal static class FidCommand
{
    public static Command Create(Shell shell)
    {
        var (a, b) = (new Argument<string>("a") { Description = MetricSide.Description }, new Argument<string>("b") { Description = MetricSide.Description });
        var features = new Option<string?>("--features") { Description = "Package whose feature network turns images into features: a folder with features.json or model.json.", HelpName = "package" };
        var (store, device, json) = (CommonOptions.Store(), CommonOptions.Device(), CommonOptions.Json());
        var command = new Command("fid", "Frechet distance of two sets, with a standard error where features are given.") { a, b, features, store, device, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var package = parsed.GetValue(features) is { } folder ? FeaturePackage.Open(shell.PathOf(folder)) : null;
            MetricSide[] named = [.. new[] { a, b }.Select(side => MetricSide.Of(parsed.GetRequiredValue(side), shell, preferImages: package is not null))];
            using var network = package is null ? null : new FeatureNetwork(package, CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device);
            await using var argument = new ImageArgument(shell, parsed.GetValue(store));
            var sides = new List<MeasuredSet>();
            foreach (var side in named)
            {
                sides.Add(await side.MeasureAsync(argument, network, shell, cancellation));
            }

            var (score, warnings) = MetricOptions.Refusing(() => DistributionMetrics.Frechet(sides[0], sides[1], Environment.ProcessorCount));
            Show(score, warnings, sides, new Output(shell, parsed.GetValue(json)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Show(ScoreWithError score, IReadOnlyList<string> warnings, List<MeasuredSet> sides, Output output)
    {
        double? known = double.IsNaN(score.StandardError) ? null : score.StandardError;
        var error = known is { } e ? string.Create(CultureInfo.InvariantCulture, $" ± {e:G3}") : string.Empty;
        output.Line(string.Create(CultureInfo.InvariantCulture, $"FID {score.Value:G9}{error}"));
        output.Line($"a: {Describe(sides[0])}");
        output.Line($"b: {Describe(sides[1])}");
        output.Line($"({score.Method})");
        foreach (var warning in warnings)
        {
            output.Line($"warning: {warning}");
        }

        output.Json(new JsonObject
        {
            ["fid"] = score.Value,
            ["standardError"] = known,
            ["note"] = score.Method,
            ["dimensions"] = sides[0].Statistics.Dimensions,
            ["warnings"] = new JsonArray([.. warnings.Select(w => (JsonNode)w)]),
            ["a"] = Json(sides[0]),
            ["b"] = Json(sides[1]),
        });
    }

    private static string Describe(MeasuredSet side) =>
        $"{side.Kind} of {(side.Count > 0 ? side.Count.ToString(CultureInfo.InvariantCulture) : "an unknown number of")} samples, {side.Statistics.Dimensions} dimensions";

    private static JsonObject Json(MeasuredSet side) => new() { ["kind"] = side.Kind, ["count"] = side.Count > 0 ? side.Count : null };
}
