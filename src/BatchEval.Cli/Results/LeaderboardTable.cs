using System.Globalization;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Scoring;
using Spectre.Console;

namespace BatchEval.Cli.Results;

/// <summary>Draws scores as a table, best first.</summary>
internal static class LeaderboardTable
{
    private const int MostTimes = 8;

    /// <summary>Draws a leaderboard.</summary>
    public static Table Draw(Leaderboard leaderboard)
    {
        var scores = leaderboard.Ranked();
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("name").NoWrap());
        foreach (var name in new[] { "calls", "FID", "held-out FID", "PSNR", "LPIPS" })
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
        }

        table.AddColumn("times");
        foreach (var score in scores)
        {
            var style = score == leaderboard.Best ? new Style(Color.Green, decoration: Decoration.Bold) : Style.Plain;
            table.AddRow(Cells(score, score == leaderboard.Best).Select(c => new Text(c, style)));
        }

        return table;
    }

    private static IEnumerable<string> Cells(CandidateScore score, bool best)
    {
        yield return $"{score.Name}{(best ? " (best)" : score.Role == ContestantRole.Baseline ? string.Empty : $" ({score.Role.ToString().ToLowerInvariant()})")}";
        yield return score.NetworkCalls.ToString("0.##", CultureInfo.InvariantCulture);
        if (score.Failure is { } failure)
        {
            yield return "failed";
            yield return string.Empty;
            yield return string.Empty;
            yield return string.Empty;
            yield return failure;
            yield break;
        }

        yield return WithError(score.Fid, score.FidError);
        yield return WithError(score.FidHeldOut, score.FidHeldOutError);
        yield return Number(score.Psnr, "0.00");
        yield return Number(score.Lpips, "0.0000");
        yield return Times(score);
    }

    private static string Times(CandidateScore score)
    {
        var times = score.Candidate.Steps.Select(s => s.Time.ToString("0.###", CultureInfo.InvariantCulture)).ToList();
        return times.Count <= MostTimes ? string.Join(' ', times) : $"{string.Join(' ', times.Take(MostTimes - 2))} … {times[^1]} ({times.Count})";
    }

    private static string WithError(double? value, double? error) =>
        value is null ? "-" : error is null ? Number(value, "0.000") : $"{Number(value, "0.000")} ± {Number(error, "0.000")}";

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
