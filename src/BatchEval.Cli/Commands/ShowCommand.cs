using BatchEval.Cli.Results;
using BatchEval.Cli.Storage;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval show</c>: one run in full.</summary>
internal static class ShowCommand
{
    private const string Latest = "latest";

    public static Command Create(Shell shell)
    {
        var run = new Argument<string>("run") { Description = "Id of a run, the beginning of one, or latest." };
        var output = new Option<string?>("--out") { Description = "Folder to copy the report and the winning schedule to.", HelpName = "dir" };
        var (store, json) = (CommonOptions.Store(), CommonOptions.Json());
        var command = new Command("show", "Show a run: its state, its scores, and what it cost.") { run, store, output, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var access = await StoreAccess.OpenAsync(parsed.GetValue(store), shell, cancellation);
            var id = await FindAsync(access.Store, parsed.GetRequiredValue(run), cancellation);
            var document = await RunDocument.ReadAsync(access.Store, id, cancellation)
                ?? throw new ProblemException($"The run '{id}' in {access.Store.Place} is incomplete: its specification or its status is missing.");
            var folder = parsed.GetValue(output) is { } dir ? shell.PathOf(dir) : null;
            await new RunPrinter(access.Store, shell, new Output(shell, parsed.GetValue(json))).PrintAsync(document, folder, cancellation);
        });
        return command;
    }

    private static async Task<string> FindAsync(RunStore store, string name, CancellationToken cancellation)
    {
        if (name == Latest)
        {
            return await RunsCommand.ReadAsync(store, cancellation) is [var newest, ..]
                ? newest.RunId
                : throw new ProblemException($"There are no runs in {store.Place}.");
        }

        var runs = await store.ListRunsAsync(cancellation);
        List<string> matching = runs.Contains(name) ? [name] : [.. runs.Where(r => r.StartsWith(name, StringComparison.Ordinal))];
        return matching.Count == 1 ? matching[0]
            : matching.Count > 1 ? throw new ProblemException($"'{name}' could be: {string.Join(", ", matching)}.")
            : throw new ProblemException($"There is no run '{name}' in {store.Place}{(runs.Count == 0 ? ", which holds none" : $"; there are: {string.Join(", ", runs)}")}.");
    }
}
