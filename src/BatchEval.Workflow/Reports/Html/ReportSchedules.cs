using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The schedules of a page: rows of the noise-axis chart and of its table, and the winner for pasting.</summary>
internal static class ReportSchedules
{
    /// <summary>The winner, then the baselines, then the others; only those whose noise levels are known.</summary>
    public static IEnumerable<(CandidateScore Score, IReadOnlyList<NoisePoint> Points)> Rows(ReportModel model)
    {
        var board = model.Leaderboard;
        foreach (var score in (board.Best is null ? [] : new[] { board.Best }).Concat(board.Baselines).Concat(board.Others))
        {
            if (model.NoiseAxis.TryGetValue(score.Id, out var points) && points.Count > 0)
            {
                yield return (score, points);
            }
        }
    }

    /// <summary>The winner's schedule, ready to be pasted.</summary>
    public static HtmlText Winner(ReportModel model)
    {
        if (model.Leaderboard.Best is not { } best)
        {
            return HtmlText.Of($"<p class=\"note\">There is no winner, and so no schedule to take away.</p>");
        }

        var times = string.Join(", ", best.Candidate.Steps.Select(s => ReportNumbers.Time(s.Time)));
        return HtmlText.Of(
            $"""
            <div class="paste">
            <p>Times of <strong>{best.Name}</strong> for the solver <code>{best.Candidate.Solver}</code>: <code class="times">{times}</code></p>
            <p>As a candidate, for <code>batcheval evaluate --candidate</code> and the <code>candidates</code> of a specification:</p>
            <pre data-copy tabindex="0">{CandidateJson.Write(best.Candidate)}</pre>
            </div>
            """);
    }
}
