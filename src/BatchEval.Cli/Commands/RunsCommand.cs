using System.Text.Json;
using BatchEval.Cli.Results;
using BatchEval.Cli.Storage;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using Spectre.Console;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval runs</c>: what is in the store.</summary>
internal static class RunsCommand
{
    public static Command Create(Shell shell)
    {
        var (store, json) = (CommonOptions.Store(), CommonOptions.Json());
        var command = new Command("runs", "List the runs in the store, the newest first.") { store, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var access = await StoreAccess.OpenAsync(parsed.GetValue(store), shell, cancellation);
            var runs = await ReadAsync(access.Store, cancellation);
            var output = new Output(shell, parsed.GetValue(json));
            output.Json(new JsonObject
            {
                ["store"] = access.Store.Place,
                ["runs"] = new JsonArray([.. runs.Select(Json)]),
            });
            if (runs.Count > 0)
            {
                output.Draw(Draw([.. await Task.WhenAll(runs.Select(async run => (run, await BestAsync(access.Store, run, cancellation))))]));
            }

            output.Line(runs.Count == 0 ? $"There are no runs in {access.Store.Place}." : $"{runs.Count} in {access.Store.Place}");
        });
        return command;
    }

    /// <summary>All runs of a store, the newest first.</summary>
    public static async Task<IReadOnlyList<RunStatus>> ReadAsync(RunStore store, CancellationToken cancellation)
    {
        var found = new List<RunStatus>();
        foreach (var run in await store.ListRunsAsync(cancellation))
        {
            if (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation) is { } status)
            {
                found.Add(status);
            }
        }

        return [.. found.OrderByDescending(r => r.Started).ThenBy(r => r.RunId, StringComparer.Ordinal)];
    }

    private static JsonObject Json(RunStatus run)
    {
        var json = JsonSerializer.SerializeToNode(run, WorkflowJson.Printed)!.AsObject();
        json.Remove("runId");
        json.Insert(0, "run", run.RunId);
        return json;
    }

    // As people read it: PSNR is not negated, and has its unit.
    private static async Task<string> BestAsync(RunStore store, RunStatus run, CancellationToken cancellation)
    {
        if (run.Best is not { } best)
        {
            return "-";
        }

        var metric = MetricCatalog.Find((await StoredSpecification.ReadAsync(store, run.RunId, cancellation)).Objective.Metric);
        return $"{metric.Label} {ScoreText.Write(metric.ToObjective(best.Objective), best.ObjectiveError)} {metric.Unit}".TrimEnd();
    }

    private static Table Draw(IReadOnlyList<(RunStatus Run, string Best)> runs)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("run", "state", "stage", "best", "results", "started (UTC)");
        foreach (var (run, best) in runs)
        {
            string[] cells =
            [
                run.RunId,
                run.State,
                run.Stage.Words(),
                best,
                string.Create(CultureInfo.InvariantCulture, $"{run.Evaluations.Computed} + {run.Evaluations.Reused}"),
                run.Started.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            ];
            table.AddRow(cells.Select(c => new Text(c)));
        }

        return table;
    }
}
