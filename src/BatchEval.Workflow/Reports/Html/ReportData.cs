using System.Text.Encodings.Web;
using System.Text.Json;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Scoring;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The data islands of a page: the leaderboard as it is published, and what the charts draw.</summary>
internal static class ReportData
{
    // The default encoder escapes every character that could end a script element.
    private static readonly JsonSerializerOptions Published = new(WorkflowJson.Options) { Encoder = JavaScriptEncoder.Default, WriteIndented = false };

    private static readonly JsonSerializerOptions Plain = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.Default };

    /// <summary>The leaderboard, equal to <c>leaderboard.json</c>.</summary>
    public static HtmlText Leaderboard(Leaderboard leaderboard) => Island(leaderboard, Published);

    /// <summary>What the charts draw; numbers that are not finite are null.</summary>
    public static HtmlText Charts(ReportModel model, Verdict verdict)
    {
        var ranked = model.Leaderboard.Ranked();
        var pareto = LeaderboardCsv.Pareto(ranked.Where(s => s.Failure is null)).ToHashSet(ReferenceEqualityComparer.Instance);
        var metrics = ReportMetric.Shown(model.Leaderboard.Objective, ranked);
        var sign = verdict.Metric.HigherIsBetter ? -1 : 1;
        return Island(
            new
            {
                metrics = metrics.Select(m => new { m.Key, m.Label, m.Unit, m.Direction, m.HigherIsBetter }),
                scores = ranked.Select(s => new
                {
                    s.Name,
                    role = s.Role,
                    winner = ReferenceEquals(s, model.Leaderboard.Best),
                    pareto = pareto.Contains(s),
                    calls = ReportNumbers.Finite(s.NetworkCalls),
                    values = metrics.Select(m => new { value = ReportNumbers.Finite(m.Value(s)), error = ReportNumbers.Finite(m.Error(s)), text = m.Text(s) }),
                }),
                hypervolume = FrontVolume.Of(ranked, metrics[0]),
                history = model.History.Select(h => new
                {
                    random = h.Stage == RunStage.RandomSearch,
                    h.Generation,
                    best = ReportNumbers.Finite(sign * h.Best),
                    median = ReportNumbers.Finite(sign * h.Median),
                    spent = h.SampleSteps,
                }),
                schedules = ReportSchedules.Rows(model).Select(r => new
                {
                    r.Score.Name,
                    winner = ReferenceEquals(r.Score, model.Leaderboard.Best),
                    steps = r.Points.Select(p => new { time = ReportNumbers.TimeLabel(p.Time), ratio = ReportNumbers.Finite(p.Ratio), p.Dropped, p.Reused }),
                }),
            },
            Plain);
    }

    private static HtmlText Island<T>(T value, JsonSerializerOptions options) =>
        new(JsonSerializer.Serialize(value, options).Replace("<", "\\u003C", StringComparison.Ordinal));
}
