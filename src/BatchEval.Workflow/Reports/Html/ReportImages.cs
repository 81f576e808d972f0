using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The contact sheets of a page, as plain figures that need no script.</summary>
internal static class ReportImages
{
    /// <summary>Winner, baselines, others, and the unaccelerated sampler.</summary>
    public static HtmlText Figures(ReportModel model, Verdict verdict)
    {
        var board = model.Leaderboard;
        var scored = (board.Best is null ? [] : new[] { board.Best }).Concat(board.Baselines).Concat(board.Others);
        List<HtmlText> figures =
        [
            .. scored.Where(s => model.Grids.ContainsKey(s.Id)).Select(s => Figure(
                model.Grids[s.Id], s.Name, Role(s, ReferenceEquals(s, board.Best)), Caption(s, verdict))),
        ];
        if (model.ReferenceGrid is { } reference)
        {
            var caption = board.Protocol.UnacceleratedSampler;
            figures.Insert(board.Best is null ? 0 : Math.Min(1, figures.Count), Figure(reference, "unaccelerated", HtmlText.Of($"<span class=\"chip\">reference</span>"), caption));
        }

        return figures.Count == 0
            ? HtmlText.Of($"<p class=\"note\">The run kept no images.</p>")
            : HtmlText.Of($"<div class=\"grids\">\n{HtmlText.Concat(figures)}</div>");
    }

    private static HtmlText Role(CandidateScore score, bool winner) =>
        winner ? HtmlText.Of($"<span class=\"chip win\">winner</span>") : HtmlText.Of($"<span class=\"chip\">{ReportData.Word(score.Role)}</span>");

    private static string Caption(CandidateScore score, Verdict verdict) =>
        $"{verdict.Metric.Label} {verdict.Metric.Text(score)}, network calls: {ReportNumbers.Calls(score.NetworkCalls)}";

    private static HtmlText Figure(byte[] png, string name, HtmlText role, string caption)
    {
        var size = ReportNumbers.PngSize(png) is var (width, height) ? HtmlText.Of($" width=\"{width}\" height=\"{height}\"") : HtmlText.Empty;
        return HtmlText.Of(
            $"""
            <figure class="grid" data-name="{name}"><img src="data:image/png;base64,{Convert.ToBase64String(png)}"{size} alt="Contact sheet of images sampled by {name}">
            <figcaption><strong>{name}</strong> {role}<br>{caption}</figcaption></figure>

            """);
    }
}
