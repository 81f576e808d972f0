using BatchEval.Cli.Progress;
using BatchEval.Cli.Results;
using BatchEval.Cli.Sampling;
using BatchEval.Cli.Storage;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval evaluate</c>: all metrics of given candidates, through the same machinery as a search.</summary>
internal sealed class EvaluateCommand(Shell shell)
{
    private readonly Option<string> model = CommonOptions.Model();
    private readonly Option<string[]> candidates = new("--candidate") { Description = "Candidate as a JSON file (also a schedule.json) or as JSON itself. May be repeated.", HelpName = "json", Required = true };
    private readonly Option<int?> count = new("--count") { Description = "Samples to score on. Default: 1000.", HelpName = "n" };
    private readonly ConditionOptions conditions = new();
    private readonly Option<string?> store = CommonOptions.Store();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<int?> parallel = CommonOptions.Parallel();
    private readonly Option<SamplingLoop> loop = CommonOptions.Loop();
    private readonly Option<bool> json = CommonOptions.Json();

    public static Command Create(Shell shell)
    {
        var self = new EvaluateCommand(shell);
        CommonOptions.AtLeast(self.count, 2);
        var command = new Command("evaluate", "Measure given candidates: FID, PSNR, SSIM and LPIPS against the unaccelerated sampler, network calls.")
        {
            self.model, self.candidates, self.count, self.conditions.Seed, self.conditions.Label, self.conditions.Guidance, self.store, self.device, self.loop, self.parallel, self.json,
        };
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (options, units) = CommonOptions.Workers(parsed.GetRequiredValue(device), parsed.GetValue(parallel));
        var models = new ModelHost(options, [shell.Directory]);
        var specification = Specify(parsed, models.Find(shell.PathOf(parsed.GetRequiredValue(model))));
        await using var access = await StoreAccess.OpenAsync(parsed.GetValue(store), shell, cancellation);
        var session = new RunSession(access, models, units, shell, parsed.GetValue(Application.Verbose));
        var (document, code) = await session.RunAsync(specification, cancellation);
        if (document is not null)
        {
            await new RunPrinter(access.Store, shell, new Output(shell, parsed.GetValue(json))).PrintAsync(document, folder: null, cancellation);
        }

        return code;
    }

    private RunSpecification Specify(ParseResult parsed, ModelPackage package)
    {
        List<Candidate> given = [.. parsed.GetRequiredValue(candidates).Select(c => CandidateText.FromJson(c, shell, package.Manifest.Schedule)).DistinctBy(c => c.Id)];
        var manifest = package.Manifest;
        var text = new JsonObject
        {
            ["name"] = "evaluate",
            ["model"] = Path.GetFullPath(package.Directory),
            ["seed"] = conditions.SeedOf(parsed),
            ["solver"] = given[0].Solver,
            ["budget"] = new JsonObject { ["networkCalls"] = Math.Max(1, given.Max(c => c.NetworkCalls)) },
            ["search"] = new JsonObject { ["method"] = "none" },
            ["objective"] = new JsonObject { ["metric"] = MeasuredMetrics.Default(manifest).Key },
            ["final"] = new JsonObject { ["samples"] = parsed.GetValue(count) ?? 1000, ["images"] = 0 },
            ["baselines"] = new JsonArray(),
            ["candidates"] = new JsonArray([.. given.Select(c => JsonNode.Parse(CandidateJson.Write(c)))]),
        };
        return SpecificationJson.Read(text.ToJsonString()) with { Conditions = conditions.Read(parsed, manifest), SamplingLoop = parsed.GetValue(loop) };
    }
}
