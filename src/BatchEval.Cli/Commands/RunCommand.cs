using System.CommandLine;
using BatchEval.Cli.Options;
using BatchEval.Cli.Progress;
using BatchEval.Cli.Results;
using BatchEval.Cli.Storage;
using BatchEval.Cli.Terminal;
using BatchEval.Core.Json;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval run</c>: runs a specification, or resumes it.</summary>
internal static class RunCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Shell shell)
    {
        var spec = new Argument<string>("spec") { Description = "Run specification (JSON), for example samples/digits/search.json." };
        var set = new Option<string[]>("--set") { Description = "Change a member of the specification, for example search.generations=3. May be repeated.", HelpName = "path=value", DefaultValueFactory = _ => [] };
        var output = new Option<string?>("--out") { Description = "Folder for the report and the winning schedule. Default: runs/<run>.", HelpName = "dir" };
        var (store, device, parallel, json) = (CommonOptions.Store(), CommonOptions.Device(), CommonOptions.Parallel(), CommonOptions.Json());
        var command = new Command("run", "Run a search, or resume it where it stopped. A finished run is shown and not computed again.") { spec, set, store, device, parallel, output, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (specification, roots) = Read(parsed.GetRequiredValue(spec), parsed.GetRequiredValue(set), shell);
            var (options, units) = CommonOptions.Workers(parsed.GetRequiredValue(device), parsed.GetValue(parallel));
            var models = new ModelHost(options, roots);
            specification = specification with { Model = Path.GetFullPath(models.Find(specification.Model).Directory) };
            RunSubmission.Check(specification, models);
            await using var access = await StoreAccess.OpenAsync(parsed.GetValue(store), shell, cancellation);
            CommonOptions.Announce(options, units, shell.Error);
            var session = new RunSession(access.Store, models, units, shell, parsed.GetValue(Application.Verbose));
            var (document, code) = await session.RunAsync(specification, cancellation);
            if (document is not null)
            {
                var folder = shell.PathOf(parsed.GetValue(output) ?? Path.Combine("runs", document.Status.RunId));
                await new RunPrinter(access.Store, shell, new Output(shell, parsed.GetValue(json))).PrintAsync(document, folder, cancellation);
            }

            return code;
        });
        return command;
    }

    private static (RunSpecification Specification, string[] Roots) Read(string spec, string[] assignments, Shell shell)
    {
        var path = shell.PathOf(spec);
        if (!File.Exists(path))
        {
            throw new ProblemException($"The run specification '{spec}' does not exist.");
        }

        var text = SpecificationOverrides.Apply(File.ReadAllText(path), assignments);
        return (SpecificationJson.Read(text), [Path.GetDirectoryName(path)!, shell.Directory]);
    }
}
