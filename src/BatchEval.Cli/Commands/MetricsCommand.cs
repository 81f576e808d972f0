using BatchEval.Cli.Metrics;
using BatchEval.Onnx.Evaluation;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Text;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval metrics</c>: all scores of one set of images against another.</summary>
internal sealed class MetricsCommand(Shell shell)
{
    private readonly Argument<string> generated = new("generated") { Description = MetricSide.Description };
    private readonly Argument<string> reference = new("reference") { Description = "What to compare with; the same kinds." };
    private readonly Option<bool> paired = new("--paired") { Description = "Also compare the n-th image with the n-th: PSNR, SSIM, MS-SSIM, LPIPS." };
    private readonly Option<string?> features = new("--features") { Description = "Package with the feature network: a folder with features.json or model.json.", HelpName = "package" };
    private readonly Option<string?> perceptual = new("--perceptual") { Description = "Package with the perceptual network for LPIPS. Default: the one of --features.", HelpName = "package" };
    private readonly Option<string?> prompts = new("--prompts") { Description = "Prompts of the generated images (text, JSON lines, COCO captions): their CLIP score. The n-th image with the n-th prompt, again from the first where there are fewer.", HelpName = "file" };
    private readonly Option<string?> clip = new("--clip") { Description = "Package with both halves of CLIP. Default: the one of --features.", HelpName = "package" };
    private readonly Option<string?> resize = MetricOptions.Resize();
    private readonly Option<ulong> seed = new("--seed") { Description = "Seed of all draws.", HelpName = "n", DefaultValueFactory = _ => 0 };
    private readonly Option<string?> compare = new("--compare") { Description = "Report of an earlier --json to compare with; refused where tags differ.", HelpName = "file" };
    private readonly Option<string?> store = CommonOptions.Store();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<bool> json = CommonOptions.Json();

    public static Command Create(Shell shell)
    {
        var self = new MetricsCommand(shell);
        var command = new Command("metrics", "All metrics of a set of images against a reference: FID, KID, inception score, precision, recall and more.")
        {
            self.generated, self.reference, self.paired, self.features, self.perceptual, self.prompts, self.clip, self.resize, self.seed, self.compare, self.store, self.device, self.json,
        };
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var earlier = parsed.GetValue(compare) is { } file ? (Name: file, Scores: Input.Read("--compare", () => ReportJson.ReadScores(shell.PathOf(file), file))) : default;
        var package = parsed.GetValue(features) is { } folder ? FeaturePackage.Open(shell.PathOf(folder)) : null;
        MetricSide[] sides = [.. new[] { generated, reference }.Select(a => MetricSide.Of(parsed.GetRequiredValue(a), shell, preferImages: package is not null || parsed.GetValue(paired)))];
        await using var argument = new ImageArgument(shell, parsed.GetValue(store));
        var report = await ComputeAsync(parsed, package, sides, argument, cancellation);
        var output = new Output(shell, parsed.GetValue(json));
        var printer = new ReportPrinter(output);
        printer.Print(report);
        var compared = earlier.Name is null || printer.PrintDifferences(report, earlier.Scores, earlier.Name);
        var document = ReportJson.Write(report);
        (document["generated"], document["reference"]) = (sides[0].Text, sides[1].Text);
        output.Json(document);
        return compared ? ExitCodes.Done : ExitCodes.BadInput;
    }

    private async Task<MetricReport> ComputeAsync(ParseResult parsed, FeaturePackage? package, MetricSide[] sides, ImageArgument argument, CancellationToken cancellation)
    {
        var options = CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device;
        var pairs = parsed.GetValue(paired);
        var reports = new List<MetricReport>();
        if (!pairs || package?.Manifest.Features is not null)
        {
            var method = parsed.GetValue(resize) is { } name ? ResizeMethods.Parse(name) : null;
            using var network = package is null ? null : new FeatureNetwork(package, options, method);
            var x = await sides[0].MeasureAsync(argument, network, shell, cancellation);
            var y = await sides[1].MeasureAsync(argument, network, shell, cancellation);
            var distribution = new DistributionOptions(parsed.GetValue(seed), Environment.ProcessorCount);
            reports.Add(MetricOptions.Refusing(() => DistributionMetrics.Compute(x, y, distribution)));
        }

        if (pairs)
        {
            reports.Add(await PairAsync(parsed, package, sides, argument, options, cancellation));
        }

        if (parsed.GetValue(prompts) is { } texts)
        {
            reports.Add(await OfPromptsAsync(parsed, package, PromptSet.Read(shell.PathOf(texts)), sides[0], argument, options, cancellation));
        }
        else if (parsed.GetValue(clip) is not null)
        {
            throw new ProblemException("--clip needs --prompts.");
        }

        return new MetricReport([.. reports.SelectMany(r => r.Scores)], [.. reports.SelectMany(r => r.Skipped)], [.. reports.SelectMany(r => r.Warnings)]);
    }

    private async Task<MetricReport> OfPromptsAsync(
        ParseResult parsed, FeaturePackage? package, PromptSet texts, MetricSide side, ImageArgument argument, DeviceOptions options, CancellationToken cancellation)
    {
        if (side.Kind != "images")
        {
            throw new ProblemException($"--prompts belong to images, but '{side.Text}' holds {side.Kind}.");
        }

        var own = parsed.GetValue(clip) is { } folder ? FeaturePackage.Open(shell.PathOf(folder)) : package ?? throw new ProblemException("--prompts need a package with both halves of CLIP: give --clip <package>.");
        using var scorer = new ClipScorer(own, options);
        var images = await argument.OpenAsync(side.Text, cancellation);
        var progress = new ImageProgress(shell, "prompts", images.Count);
        return MetricOptions.Refusing(() => PromptMetrics.Compute(images, texts, scorer, progress.Report, cancellation));
    }

    private async Task<MetricReport> PairAsync(ParseResult parsed, FeaturePackage? package, MetricSide[] sides, ImageArgument argument, DeviceOptions options, CancellationToken cancellation)
    {
        if (sides.FirstOrDefault(side => side.Kind != "images") is { } other)
        {
            throw new ProblemException($"--paired compares images, but '{other.Text}' holds {other.Kind}.");
        }

        var own = parsed.GetValue(perceptual) is { } folder ? FeaturePackage.Open(shell.PathOf(folder)) : package?.Manifest.Perceptual is null ? null : package;
        using var network = own is null ? null : new PerceptualNetwork(own, options);
        var a = await argument.OpenAsync(sides[0].Text, cancellation);
        var b = await argument.OpenAsync(sides[1].Text, cancellation);
        var progress = new ImageProgress(shell, "pairs", a.Count);
        return MetricOptions.Refusing(() => PairedMetrics.Compute(a, b, network, progress.Report, cancellation));
    }
}
