using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;
using Spectre.Console;

namespace BatchEval.Cli.Results;

/// <summary>Draws scores as a table, best first.</summary>
internal static class LeaderboardTable
{
    private const int MostTimes = 8;
    private const int LeastTimes = 16;

    /// <param name="width">Characters in a line. Metrics that have no room are left out from the last on, but never the objective, and named below the table.</param>
    public static Table Draw(Leaderboard leaderboard, int width)
    {
        var scores = leaderboard.Ranked();
        var objective = MetricCatalog.Find(leaderboard.Objective);
        Metric[] known = [.. MetricCatalog.All.Where(m => m == objective || (!m.IsDetail && scores.Any(s => s.Of(m.Key) is not null)))];
        var shown = known.ToList();
        while (Width(leaderboard, scores, [.. shown], objective) > width && shown.FindLast(m => m != objective) is { } last)
        {
            shown.Remove(last);
        }

        Metric[] metrics = [.. shown];
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (name, index) in Heads(metrics).Select((h, i) => (h, i)))
        {
            var column = new TableColumn(name);
            table.AddColumn(index == 0 ? column.NoWrap() : index <= metrics.Length + 1 ? column.RightAligned().NoWrap() : column);
        }

        foreach (var score in scores)
        {
            var style = score == leaderboard.Best ? new Style(Color.Green, decoration: Decoration.Bold) : Style.Plain;
            table.AddRow(Cells(score, score == leaderboard.Best, metrics, objective).Select(c => new Text(c, style)));
        }

        return metrics.Length == known.Length ? table
            : table.Caption($"No room for {string.Join(", ", known.Except(metrics).Select(m => m.Label))}: see leaderboard.csv or the report.", Style.Plain);
    }

    private static IEnumerable<string> Heads(Metric[] metrics) => ["name", "calls", .. metrics.Select(m => m.Label), "times"];

    // Times may go over several lines; all else is in one. Three characters stand between two columns.
    private static int Width(Leaderboard leaderboard, IReadOnlyList<CandidateScore> scores, Metric[] metrics, Metric objective)
    {
        var rows = scores.Where(s => s.Failure is null).Select(s => Cells(s, s == leaderboard.Best, metrics, objective).ToArray()).Append([.. Heads(metrics)]).ToList();
        var last = metrics.Length + 2;
        return Enumerable.Range(0, last + 1).Sum(i => 3 + Math.Min(i == last ? LeastTimes : int.MaxValue, rows.Max(row => row[i].Length)));
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
