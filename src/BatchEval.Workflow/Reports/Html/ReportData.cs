using System.Text.Encodings.Web;
using System.Text.Json;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The data islands of a page: the leaderboard as it is published, and what the charts and tables show.</summary>
internal static class ReportData
{
    // The default encoder escapes every character that could end a script element.
    private static readonly JsonSerializerOptions Published = new(WorkflowJson.Options) { Encoder = JavaScriptEncoder.Default, WriteIndented = false };

    private static readonly JsonSerializerOptions Plain = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.Default };

    /// <summary>The leaderboard, equal to <c>leaderboard.json</c>.</summary>
    public static HtmlText Leaderboard(Leaderboard leaderboard) => Island(leaderboard, Published);

    /// <summary>What the charts and tables show; numbers that are not finite are null.</summary>
    public static HtmlText Charts(ReportModel model, Verdict verdict)
    {
        var ranked = model.Leaderboard.Ranked();
        var pareto = Evaluation.Leaderboard.Pareto(ranked.Where(s => s.Failure is null)).ToHashSet(ReferenceEqualityComparer.Instance);
        var metrics = ReportMetric.Shown(model.Leaderboard.Objective, ranked);
        var sign = verdict.Metric.HigherIsBetter ? -1 : 1;
        return Island(
            new
            {
                metrics = metrics.Select(m => new { m.Key, m.Label, m.Unit, m.Direction, m.HigherIsBetter }),
                scores = ranked.Select(s => new
                {
                    s.Id,
                    s.Name,
                    role = Word(s.Role),
                    s.Failure,
                    samples = s.Samples,
                    paired = s.Pairs,
                    against = ReferenceEquals(s, model.Leaderboard.Best) ? null : Against(s, verdict),
                    winner = ReferenceEquals(s, model.Leaderboard.Best),
                    pareto = pareto.Contains(s),
                    calls = ReportNumbers.Finite(s.NetworkCalls),
                    values = metrics.Select(m => new { value = ReportNumbers.Finite(m.Value(s)), error = ReportNumbers.Finite(m.Error(s)), text = m.Text(s), best = ReportNumbers.Finite(m.Value(s)) is { } value && value == m.Best(ranked) }),
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
                    steps = r.Points.Select(p => new { time = ReportNumbers.TimeLabel(p.Time), exact = ReportNumbers.Time(p.Time), ratio = ReportNumbers.Finite(p.Ratio), p.Dropped, p.Reused }),
                }),
                sampler = model.Sampler is not { } sheet ? null : new { sheet.Candidate.Solver, sheet.Candidate.StartScale, Calls = sheet.Rows },
                masks = model.Masks.Select(m => new
                {
                    m.Name,
                    m.Candidate,
                    m.FirstSample,
                    calls = Math.Round(m.ComputedShare().Sum(), 2),
                    images = m.Masks.Take(SkipMaskSheet.MostDrawn).Select(mask => string.Concat(StepMask.Read(mask).Select(called => called ? '1' : '0'))),
                }),
            },
            Plain);
    }

    public static string Word(EntryRole role) => role switch
    {
        EntryRole.Searched => "searched",
        EntryRole.Given => "given",
        EntryRole.Baseline => "baseline",
        _ => "unaccelerated",
    };

    private static object? Against(CandidateScore score, Verdict verdict)
    {
        if (verdict.Compare(score) is not { } comparison)
        {
            return null;
        }

        var (kind, word) = comparison.Standing switch
        {
            Standing.Same => ("level", "same schedule"),
            Standing.Behind => ("behind", "worse"),
            Standing.Level => ("level", "level"),
            _ => ("ahead", "better"),
        };
        var decimals = ReportNumbers.Decimals(comparison.Difference, comparison.Error);
        var number = comparison.Standing == Standing.Same ? "" : $"{ReportNumbers.Signed(comparison.Difference, decimals)}{ReportNumbers.PlusMinus}{ReportNumbers.Fixed(comparison.Error, decimals)}{verdict.Metric.Unit}";
        return new { kind, word, number };
    }

    private static HtmlText Island<T>(T value, JsonSerializerOptions options) =>
        new(JsonSerializer.Serialize(value, options).Replace("<", "\\u003C", StringComparison.Ordinal));
}
