using BatchEval.Cli.Results;
using BatchEval.Cli.Storage;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Exports;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Schedules;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval schedule</c>: computes a schedule for a model, or prints a published or heuristic one for it.</summary>
internal sealed class ScheduleCommand(Shell shell)
{
    private readonly Argument<string> method = new("method") { Description = $"One of: {string.Join(", ", ScheduleMethods.All)}." };
    private readonly Option<string> model = CommonOptions.Model();
    private readonly Option<int> steps = new("--steps") { Description = "Network calls.", HelpName = "n", DefaultValueFactory = _ => 10 };
    private readonly Option<string> solver = new("--solver") { Description = "Solver that the schedule is for.", HelpName = "name", DefaultValueFactory = _ => "ddim" };
    private readonly Option<double?> sigmaMin = new("--sigma-min") { Description = "Smallest sigma. Default: the model's.", HelpName = "sigma" };
    private readonly Option<double?> sigmaMax = new("--sigma-max") { Description = "Largest sigma. Default: the model's.", HelpName = "sigma" };
    private readonly Option<double> rho = new("--rho") { Description = "Exponent of karras.", HelpName = "rho", DefaultValueFactory = _ => 7 };
    private readonly Option<double> start = new("--start") { Description = "Image-to-image strength: the share of the noise that sampling starts from; the number of calls stays.", HelpName = "share", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> preset = new("--preset") { Description = $"Published list for ays: {string.Join(", ", PublishedSchedules.All.Select(s => s.Name))}.", HelpName = "name" };
    private readonly Option<string?> respacing = new("--respacing") { Description = "String for respacing, for example ddim25 or 10,15,20; --steps is not used.", HelpName = "text" };
    private readonly Option<bool> dataFree = new("--data-free") { Description = "Take clean samples from the model's own long sampling instead of the package's data." };
    private readonly Option<bool> bound = new("--bound") { Description = "klub-dp, klub: the bound's own optimum, neither chosen nor stopped early by FID." };
    private readonly Option<string> distance = new("--distance") { Description = $"gits: distance of a step to the teacher's state, or to the chord of its trajectory: {string.Join(", ", Enum.GetValues<TeacherDistance>().Select(d => d.Name()))}.", HelpName = "name", DefaultValueFactory = _ => TeacherDistance.L2.Name() };
    private readonly Option<int> grid = new("--grid") { Description = "Levels of the grid that tables are computed on.", HelpName = "k", DefaultValueFactory = _ => 64 };
    private readonly Option<int> paths = new("--paths") { Description = "Noise paths of the pairwise table, and of each estimate of klub.", HelpName = "m", DefaultValueFactory = _ => 256 };
    private readonly Option<bool> compare = new("--compare") { Description = "Score it against every named heuristic by FID, on the same noise." };
    private readonly Option<bool> compareAll = new("--compare-all") { Description = "As --compare, and against every other method." };
    private readonly Option<int?> samples = new("--samples") { Description = "Samples per schedule of a comparison. Default: 1000.", HelpName = "n" };
    private readonly Option<int?> choiceSamples = new("--choice-samples") { Description = "klub-dp: samples of the last round of the choice by FID; earlier rounds take a sixteenth and a quarter. klub: samples of its early stopping. Default: 1024.", HelpName = "n" };
    private readonly Option<string?> export = new("--export") { Description = $"Print the schedule in a tool's form: {string.Join(", ", ExportBundle.Forms)}.", HelpName = "form" };
    private readonly ConditionOptions conditions = new();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<SamplingLoop> loop = CommonOptions.Loop();
    private readonly Option<int?> parallel = CommonOptions.Parallel();
    private readonly Option<string?> store = CommonOptions.Store();
    private readonly Option<bool> json = CommonOptions.Json();

    public static Command Create(Shell shell)
    {
        var self = new ScheduleCommand(shell);
        CommonOptions.AtLeast(self.samples, 20);
        CommonOptions.AtLeast(self.choiceSamples, 320);
        self.distance.AcceptOnlyFromAmong([.. Enum.GetValues<TeacherDistance>().Select(d => d.Name())]);
        self.export.AcceptOnlyFromAmong([.. ExportBundle.Forms]);
        var command = new Command("schedule", "Compute where on the noise axis a model is best called, or place the calls by a published list or a heuristic.")
        {
            self.method, self.model, self.steps, self.solver, self.sigmaMin, self.sigmaMax, self.rho, self.start, self.preset, self.respacing, self.dataFree, self.bound,
            self.distance, self.grid, self.paths, self.compare, self.compareAll, self.samples, self.choiceSamples, self.export, self.conditions.Seed, self.conditions.Label, self.conditions.Guidance,
            self.device, self.loop, self.parallel, self.store, self.json,
        };
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (options, units) = CommonOptions.Workers(parsed.GetRequiredValue(device), parsed.GetValue(parallel));
        using var models = new ModelHost(options, [shell.Directory]);
        var package = models.Find(shell.PathOf(parsed.GetRequiredValue(model)));
        var setting = new ScheduleSetting(SolverName(parsed.GetValue(solver)!), conditions.Read(parsed, package.Manifest), conditions.SeedOf(parsed), units, options.Device) { Loop = parsed.GetValue(loop) };
        SamplingEngine.Check(setting.Loop, package.Manifest, setting.Conditions);
        var request = Request(parsed, setting, package.Manifest.Schedule);
        var opened = models.Open(package);
        var everything = parsed.GetValue(compareAll);
        var compared = everything || parsed.GetValue(compare);
        var chosen = request.Method is ScheduleMethods.KlubDp or ScheduleMethods.Klub && !request.BoundAlone;
        await using var access = compared || chosen ? await StoreAccess.OpenAsync(parsed.GetValue(store), shell, cancellation) : null;
        IBlobs results = access is null ? new MemoryBlobs() : access.Store;
        var found = await new ScheduleFinder(opened, results, SelectionOptions.Of(parsed.GetValue(choiceSamples) ?? 1024)).FindAsync(request, cancellation);
        var lines = compared
            ? await new ScheduleComparison(opened, request with { Steps = found.Schedule.Times.Count }, results).RunAsync(found, everything, parsed.GetValue(samples) ?? 1000, cancellation)
            : [];
        new SchedulePrinter(new Output(shell, parsed.GetValue(json)), package.Manifest, request).Print(found, lines, parsed.GetValue(export));
        return ExitCodes.Done;
    }

    private ScheduleRequest Request(ParseResult parsed, ScheduleSetting setting, NoiseSchedule noise)
    {
        var (first, last) = Input.Read("--sigma-max, --sigma-min", () => PlacementOptions.Between(noise, parsed.GetValue(sigmaMin), parsed.GetValue(sigmaMax)));
        if (parsed.GetValue(paths) < 8 || parsed.GetValue(grid) < 2)
        {
            throw new ProblemException($"--paths is {parsed.GetValue(paths)} and --grid is {parsed.GetValue(grid)}; allowed: at least 8 paths and 2 levels.");
        }

        return new ScheduleRequest(
            parsed.GetRequiredValue(method), parsed.GetValue(steps), setting,
            new MaterialOptions(parsed.GetValue(dataFree), parsed.GetValue(grid), parsed.GetValue(paths), End: last, Start: first),
            new PlacementOptions(first, last, parsed.GetValue(rho)), parsed.GetValue(preset), parsed.GetValue(respacing), parsed.GetValue(bound), parsed.GetValue(start),
            Enum.Parse<TeacherDistance>(parsed.GetValue(distance)!, ignoreCase: true));
    }

    private static string SolverName(string text)
    {
        try
        {
            return Core.Sampling.Solvers.Solver.Parse(text).Name;
        }
        catch (ArgumentException error)
        {
            throw new ProblemException(ErrorText.Of(error));
        }
    }
}
