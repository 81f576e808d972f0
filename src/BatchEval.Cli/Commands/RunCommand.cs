using BatchEval.Cli.Progress;
using BatchEval.Cli.Results;
using BatchEval.Cli.Storage;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Durable.Hubs;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval run</c>: runs a specification, or resumes it.</summary>
internal static class RunCommand
{
    // Over all workers: enough to keep a handful of GPUs busy, and small enough to be stopped soon.
    private const int UnitsInFlight = 32;

    public static Command Create(Shell shell)
    {
        var spec = new Argument<string?>("spec") { Description = "Run specification (JSON), for example samples/digits/search.json; with --preset it may be left out.", Arity = ArgumentArity.ZeroOrOne };
        var preset = new Option<string?>("--preset") { Description = $"What a paper ran, under what the specification says (docs/published.md): {string.Join(", ", PublishedSettings.Names)}.", HelpName = "name" };
        var set = new Option<string[]>("--set") { Description = "Change a member of the specification, for example search.generations=3. May be repeated.", HelpName = "path=value", DefaultValueFactory = _ => [] };
        var output = new Option<string?>("--out") { Description = "Folder for the report and the winning schedule. Default: runs/<run>.", HelpName = "dir" };
        var on = new Option<string?>("--on")
        {
            Description = "Let the workers of a storage account compute (see 'batcheval worker'), and follow them. A connection string with a key, or a blob service address; it is the store too.", HelpName = "connection",
        };
        var (store, device, parallel, json) = (CommonOptions.Store(), CommonOptions.Device(), CommonOptions.Parallel(), CommonOptions.Json());
        var command = new Command("run", "Run a search, or resume it where it stopped. A finished run is shown and not computed again.") { spec, preset, set, store, on, device, parallel, output, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(spec) is null && result.GetValue(preset) is null)
            {
                result.AddError("Which run? Give a run specification, or --preset with --set model=<folder>.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            string[] roots = parsed.GetValue(spec) is { } file ? [Path.GetDirectoryName(shell.PathOf(file))!, shell.Directory] : [shell.Directory];
            var remote = parsed.GetValue(on);
            var name = parsed.GetRequiredValue(device);
            // Workers compute where they are told to; here the model is only looked at.
            var (options, units) = CommonOptions.Workers(remote is null ? name : "cpu", parsed.GetValue(parallel));
            using var look = new ModelHost(options, roots);
            var (specification, taken) = Read(parsed.GetValue(spec), parsed.GetValue(preset), parsed.GetRequiredValue(set), look, roots, shell);
            var package = look.Find(specification.Model);
            // A run that a server began names its model as it lies below the server's folders.
            var models = new ModelHost(options, [.. roots, Path.GetDirectoryName(Path.GetFullPath(package.Directory))!]);
            specification = specification with { Model = Path.GetFullPath(package.Directory) };
            RunSubmission.Check(specification, models);
            foreach (var remark in taken is null ? package.Manifest.Remarks : [.. package.Manifest.Remarks, taken])
            {
                shell.Error.WriteLine($"note: {remark}");
            }

            if (remote is not null)
            {
                var storage = await StorageServices.OpenAsync(remote, cancellation);
                var runs = await RunStore.OpenAsync(remote, new StorageWatch(shell.Error.WriteLine, shell.Time), null, cancellation);
                var submitted = await new SubmittedSession(runs, storage, models, name, parsed.GetValue(parallel) ?? UnitsInFlight, shell).RunAsync(specification, cancellation);
                return await EndAsync(runs, submitted, parsed.GetValue(output), parsed.GetValue(json), shell, cancellation);
            }

            await using var access = await StoreAccess.OpenAsync(parsed.GetValue(store), shell, cancellation);
            CommonOptions.Announce(options, units, shell.Error);
            shell.Error.WriteLine($"Memory: {MemoryPlan.Of(package, options, together: true)}.{RunSubmission.CallsOf(specification, models)}");
            var session = new RunSession(access, models, units, shell, parsed.GetValue(Application.Verbose));
            return await EndAsync(access.Store, await session.RunAsync(specification, cancellation), parsed.GetValue(output), parsed.GetValue(json), shell, cancellation);
        });
        return command;
    }

    private static async Task<int> EndAsync(RunStore store, (RunDocument? Document, int ExitCode) end, string? output, bool json, Shell shell, CancellationToken cancellation)
    {
        if (end.Document is { } document)
        {
            var folder = shell.PathOf(output ?? Path.Combine("runs", document.Status.RunId));
            await new RunPrinter(store, shell, new Output(shell, json)).PrintAsync(document, folder, cancellation);
        }

        return end.ExitCode;
    }

    private static (RunSpecification Specification, string? Taken) Read(string? spec, string? preset, string[] assignments, ModelHost models, string[] roots, Shell shell)
    {
        var path = shell.PathOf(spec ?? ".");
        if (spec is not null && !File.Exists(path))
        {
            throw new ProblemException($"The run specification '{spec}' does not exist.");
        }

        var own = spec is null ? null : File.ReadAllText(path);
        var text = SpecificationOverrides.Apply(preset is null ? own! : PublishedSettings.Under(preset, own), assignments);
        (text, var taken) = PipelineDefaults.Under(text, model => models.Find(model).Manifest);
        var specification = SpecificationJson.Read(ImportedCandidates.Resolve(text, model => models.Find(model).Manifest.Schedule));
        return (specification with { Prompts = PromptsOf(specification, roots) }, taken);
    }

    private static PromptSet? PromptsOf(RunSpecification specification, string[] roots)
    {
        if (specification.Prompts?.File is not { } file)
        {
            return specification.Prompts;
        }

        string[] places = [.. roots.Select(root => Path.Combine(root, file)).Distinct()];
        return PromptSet.Read(places.FirstOrDefault(File.Exists) ?? throw new ProblemException($"The prompt file '{file}' was not found; looked at: {string.Join(", ", places)}."));
    }
}
