using BatchEval.Cli.Metrics;
using BatchEval.Cli.Models;
using BatchEval.Core.Metrics;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Evaluation;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval stats</c>: reference statistics of images.</summary>
internal sealed class StatsCommand(Shell shell)
{
    private readonly Option<string> images = new("--images") { Description = $"The images: {ImageSources.Kinds}, or blob:<prefix>.", HelpName = "path", Required = true };
    private readonly Option<string> features = new("--features") { Description = "Package with the feature network: a folder with features.json or model.json.", HelpName = "package", Required = true };
    private readonly Option<string?> output = new("--out", "-o") { Description = "The .npz file to write (mu, sigma, count). With --write-reference it may be left out.", HelpName = "file" };
    private readonly Option<bool> reference = new("--write-reference") { Description = "Write the statistics into the model package of --features, as its reference: the file, and the entry in its manifest." };
    private readonly Option<string?> range = new("--range") { Description = "Values of black and white in a float array, as in -1,1. Default: the range of the model package.", HelpName = "low,high" };
    private readonly Option<string?> resize = MetricOptions.Resize();
    private readonly Option<string?> state = new("--resumable") { Description = "File to save the state in; the same command goes on from it after an interruption.", HelpName = "file" };
    private readonly Option<string?> keep = new("--save-features") { Description = "Also write the features themselves as an .npy file, for KID and its relatives.", HelpName = "file" };
    private readonly Option<int?> batch = new("--batch") { Description = "Images per call of the network. Default: 32.", HelpName = "n" };
    private readonly Option<string?> store = CommonOptions.Store();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<bool> json = CommonOptions.Json();

    public static Command Create(Shell shell)
    {
        var self = new StatsCommand(shell);
        CommonOptions.AtLeast(self.batch, 1);
        var command = new Command("stats", "Reference statistics of images, in the format of pytorch-fid and clean-fid.")
        {
            self.images, self.features, self.output, self.reference, self.range, self.resize, self.state, self.keep, self.batch, self.store, self.device, self.json,
        };
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var method = parsed.GetValue(resize) is { } name ? ResizeMethods.Parse(name) : null;
        using var network = new FeatureNetwork(
            FeaturePackage.Open(shell.PathOf(parsed.GetRequiredValue(features))), CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device, method);
        await using var argument = new ImageArgument(shell, parsed.GetValue(store));
        var model = shell.PathOf(parsed.GetRequiredValue(features));
        var source = await argument.OpenAsync(parsed.GetRequiredValue(images), cancellation, RangeOf(parsed.GetValue(range), model));
        var own = parsed.GetValue(reference) ? ReferenceWriter.For(model) : null;
        var target = PathOf(parsed.GetValue(output)) ?? own?.File ?? throw new ProblemException("--out is missing; give it, or --write-reference.");
        var options = new StatisticsOptions
        {
            BatchSize = parsed.GetValue(batch) ?? 32, StateFile = PathOf(parsed.GetValue(state)), FeaturesFile = PathOf(parsed.GetValue(keep)),
            Threads = Environment.ProcessorCount, Time = shell.Time,
        };
        var progress = new ImageProgress(shell, "features", source.Count);
        var (statistics, tags) = MetricOptions.Refusing(() => new StatisticsBuilder(source, network, options).Write(target, progress.Report, cancellation));
        Show(statistics, tags, target, network, new Output(shell, parsed.GetValue(json)));
        if (own is not null)
        {
            own.Write(target, statistics.Count);
            new Output(shell, parsed.GetValue(json)).Line($"{shell.Shorten(own.Manifest)} names them as its reference.");
        }

        return ExitCodes.Done;
    }

    // A model package says what its own images range over; a package of features alone does not.
    private static PixelRange? RangeOf(string? text, string features)
    {
        if (text is null)
        {
            var isModel = ModelPackage.IsAt(features);
            return isModel && !File.Exists(Path.Combine(features, FeaturePackage.ManifestFile)) && ModelPackage.Open(features, references: false).Manifest.Image is var image ? new PixelRange(image.Low, image.High) : null;
        }

        var parts = text.Split(',');
        return parts.Length == 2 && double.TryParse(parts[0], CultureInfo.InvariantCulture, out var low) && double.TryParse(parts[1], CultureInfo.InvariantCulture, out var high)
            ? Input.Read("--range", () => new PixelRange(low, high))
            : throw new ProblemException($"--range is '{text}'; allowed: two numbers, black first, as in -1,1.");
    }

    private string? PathOf(string? path)
    {
        if (path is null)
        {
            return null;
        }

        var full = shell.PathOf(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }

    private void Show(GaussianStatistics statistics, StatisticsTags tags, string target, FeatureNetwork network, Output to)
    {
        to.Line($"{shell.Shorten(target)}: {statistics.Count} images, {statistics.Dimensions} features of {network.Name}");
        to.Line($"preprocessing  {tags.Preprocessing}");
        to.Line($"network        {tags.Network}");
        to.Line($"images         {tags.Images}");
        if (statistics.Count <= statistics.Dimensions)
        {
            to.Line($"warning: {statistics.Count} images in {statistics.Dimensions} dimensions: the covariance is singular. Frechet distances to it are too high.");
        }

        to.Json(new JsonObject
        {
            ["file"] = target, ["count"] = statistics.Count, ["dimensions"] = statistics.Dimensions,
            ["preprocessing"] = tags.Preprocessing, ["network"] = tags.Network, ["images"] = tags.Images,
        });
    }
}
