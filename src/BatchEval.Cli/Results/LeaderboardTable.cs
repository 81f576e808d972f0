using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;
using Spectre.Console;

namespace BatchEval.Cli.Results;

/// <summary>Draws scores as a table, best first.</summary>
internal static class LeaderboardTable
{
    private const int MostTimes = 8;

    public static Table Draw(Leaderboard leaderboard)
    {
        var scores = leaderboard.Ranked();
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("name").NoWrap());
        var objective = MetricCatalog.Find(leaderboard.Objective);
        Metric[] metrics = [.. MetricCatalog.All.Where(m => m == objective || (!m.IsDetail && scores.Any(s => s.Of(m.Key) is not null)))];
        foreach (var name in metrics.Select(m => m.Label).Prepend("calls"))
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
        }

        table.AddColumn("times");
        foreach (var score in scores)
        {
            var style = score == leaderboard.Best ? new Style(Color.Green, decoration: Decoration.Bold) : Style.Plain;
            table.AddRow(Cells(score, score == leaderboard.Best, metrics, objective).Select(c => new Text(c, style)));
        }

        return table;
    }

    private static IEnumerable<string> Cells(CandidateScore score, bool best, Metric[] metrics, Metric objective)
    {
        yield return $"{score.Name}{(best ? " (best)" : score.Role == EntryRole.Baseline ? string.Empty : $" ({score.Role.ToString().ToLowerInvariant()})")}";
        yield return score.NetworkCalls.ToString("0.##", CultureInfo.InvariantCulture);
        if (score.Failure is { } failure)
        {
            yield return "failed";
            for (var rest = 1; rest < metrics.Length; rest++)
            {
                yield return string.Empty;
            }

            yield return failure;
            yield break;
        }

        foreach (var metric in metrics)
        {
            // Errors of metrics of pairs say little: all candidates share the noise.
            var value = score.Of(metric.Key);
            yield return Text(value?.Value, metric.IsPaired && metric != objective ? null : value?.Error, metric.Decimals);
        }

        yield return Times(score);
    }

    private static string Times(CandidateScore score)
    {
        var times = score.Candidate.Steps.Select(s => s.Time.ToString("0.###", CultureInfo.InvariantCulture)).ToList();
        return times.Count <= MostTimes ? string.Join(' ', times) : $"{string.Join(' ', times.Take(MostTimes - 2))} … {times[^1]} ({times.Count})";
    }

    private static string Text(double? value, double? error, int decimals) =>
        value is null ? "-" : error is null ? Number(value.Value, decimals) : $"{Number(value.Value, decimals)} ± {Number(error.Value, decimals)}";

    private static string Number(double value, int decimals) => value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
}
