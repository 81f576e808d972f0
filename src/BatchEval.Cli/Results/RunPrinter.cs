using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Results;

/// <summary>Prints a run: its table, its counts, and where its files lie.</summary>
internal sealed class RunPrinter(RunStore store, Shell shell, Output output)
{
    private static readonly string[] Uniform = ["leading", "trailing", "linspace"];

    /// <summary>Prints a run.</summary>
    /// <param name="folder">Folder to copy report and schedule to, or null for none.</param>
    public async Task PrintAsync(RunDocument document, string? folder, CancellationToken cancellation)
    {
        var run = document.Status.RunId;
        var json = document.ToJson();
        var report = folder is null ? null : await RunExport.WriteAsync(store, run, folder, cancellation);
        if (folder is not null)
        {
            (json["folder"], json["report"]) = (folder, report);
        }

        json["store"] = store.Place;
        output.Json(json);
        PrintScores(document);
        var counts = document.Status.Evaluations;
        output.Line($"Run {run}: {document.Status.State}, {counts.Samples} images, {counts.Computed} results computed, {counts.Reused} taken from other runs.");
        if (folder is not null)
        {
            output.Line($"Report:   {(report is null ? "none" : shell.Shorten(report))}");
            output.Line($"Schedule: {(document.Leaderboard?.Best is null ? "none" : shell.Shorten(Path.Combine(folder, "best")))}");
        }

        output.Line($"Store:    {store.Place} (look again: batcheval show {run}; in a browser: batcheval serve)");
    }

    private void PrintScores(RunDocument document)
    {
        if (document.Leaderboard is { } leaderboard)
        {
            output.Draw(width => LeaderboardTable.Draw(leaderboard, width));
            if (Summary(leaderboard) is { } summary)
            {
                output.Line(summary);
            }
        }
        else if (document.Status.Best is { } best)
        {
            output.Line(string.Create(CultureInfo.InvariantCulture, $"Best so far: {best.Candidate}, {document.Specification.Objective.Metric} {ScoreText.Write(MetricCatalog.Find(document.Specification.Objective.Metric).ToObjective(best.Objective), best.ObjectiveError)}"));
        }

        if (document.Status.Error is { } error)
        {
            output.Line($"Failed: {error}");
        }
    }

    private static string? Summary(Leaderboard leaderboard)
    {
        var metric = MetricCatalog.Find(leaderboard.Objective);
        var uniform = leaderboard.Baselines.Where(b => Uniform.Contains(b.Name) && b.Failure is null).MinBy(b => b.Objective);
        if (leaderboard.Best?.Of(metric.Key) is not { Value: { } value } won || uniform?.Of(metric.Key)?.Value is not { } baseline)
        {
            return null;
        }

        var comparison = !metric.HigherIsBetter && value > 0 && baseline > 0
            ? string.Create(CultureInfo.InvariantCulture, $"is {value / baseline:0.00} of the best uniform spacing's ({uniform.Name})")
            : $"is {Number(value)}, the best uniform spacing's ({uniform.Name}) {Number(baseline)}";
        return $"The winner's {metric.Label} {comparison}, on {won.Samples} fresh samples.";

        string Number(double number) => number.ToString($"F{metric.Decimals}", CultureInfo.InvariantCulture) + (metric.Unit.Length == 0 ? string.Empty : $" {metric.Unit}");
    }
}
