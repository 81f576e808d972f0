using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Scoring;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The tables of scores and of the search's history.</summary>
internal static class ReportTables
{
    private static readonly (string Name, string Words)[] Known =
    [
        ("searched", "found by the search; chosen among its elites on samples the search had not seen"),
        ("leading", "uniform grid from time 0 upward, the habit of many DDIM configurations"),
        ("trailing", "uniform grid from the last time downward"),
        ("linspace", "uniform grid with both ends included"),
        (BaselineNames.TrimmedUniform, "uniform grid from a lower start, the best of several starts"),
        ("karras", "Karras et al. spacing, rho 7, over the model's noise levels"),
        ("log-snr", "equal steps in the logarithm of the signal-to-noise ratio"),
        (BaselineNames.TimesOnly, "the best sampling times without dropped blocks, found with the budget of the joint search"),
        (BaselineNames.BlocksOnly, "the best blocks to drop on uniform grids, found with the budget of the joint search"),
        (BaselineNames.SameBlocks, "the best sampling times with the same blocks dropped at every step, found with the budget of the joint search"),
        (BaselineNames.Random, "the best of random search with the same budget of network calls"),
    ];

    /// <summary>The leaderboard, best first.</summary>
    public static HtmlText Leaderboard(ReportModel model, Verdict verdict)
    {
        var ranked = model.Leaderboard.Ranked();
        if (ranked.Count == 0)
        {
            return HtmlText.Of($"<p class=\"note\">No candidate was scored.</p>");
        }

        var metrics = ReportMetric.Shown(model.Leaderboard.Objective, ranked);
        double?[] best = [.. metrics.Select(m => m.Best(ranked))];
        var heads = HtmlText.Concat(metrics.Select(m => HtmlText.Of($"<th scope=\"col\" class=\"num\">{m.Label}<small>{m.Direction}</small></th>")));
        var rows = HtmlText.Concat(ranked.Select(s => Row(s, ReferenceEquals(s, model.Leaderboard.Best), metrics, best, verdict)));
        return HtmlText.Of(
            $"""
            <table class="scores"><thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col" class="num">Network calls</th>{heads}<th scope="col">{verdict.Metric.Label} against the winner</th><th scope="col" class="num">Samples<small>paired</small></th></tr></thead>
            <tbody>
            {rows}</tbody></table>
            """);
    }

    /// <summary>What the names in the table mean.</summary>
    public static HtmlText Glossary(Leaderboard leaderboard)
    {
        var names = leaderboard.Ranked().Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var entries = HtmlText.Concat(Known.Where(k => names.Contains(k.Name)).Select(k => HtmlText.Of($"<div><dt>{k.Name}</dt><dd>{k.Words}</dd></div>\n")));
        return entries == HtmlText.Empty ? entries : HtmlText.Of($"<details><summary>What the names mean</summary><dl class=\"glossary\">\n{entries}</dl></details>");
    }

    /// <summary>Best and median after each generation.</summary>
    public static HtmlText History(ReportModel model, ReportMetric metric)
    {
        if (model.History.Count == 0)
        {
            return HtmlText.Of($"<p class=\"note\">Nothing was searched.</p>");
        }

        var sign = metric.HigherIsBetter ? -1 : 1;
        var rows = HtmlText.Concat(model.History.Select(h => HtmlText.Of(
            $"<tr><th scope=\"row\">{(h.Stage == RunStage.RandomSearch ? "random search" : "search")}</th><td class=\"num\">{h.Generation}</td><td class=\"num\">{Value(sign * h.Best)}</td><td class=\"num\">{Value(sign * h.Median)}</td><td class=\"num\">{ReportNumbers.Count(h.SampleSteps)}</td></tr>\n")));
        return HtmlText.Of(
            $"""
            <table><thead><tr><th scope="col">Stage</th><th scope="col" class="num">Generation</th><th scope="col" class="num">Best {metric.Label}</th><th scope="col" class="num">Median {metric.Label}</th><th scope="col" class="num">Network calls × samples</th></tr></thead>
            <tbody>
            {rows}</tbody></table>
            """);
    }

    private static HtmlText Row(CandidateScore score, bool winner, IReadOnlyList<ReportMetric> metrics, double?[] best, Verdict verdict)
    {
        var head = HtmlText.Of($"<th scope=\"row\">{score.Name}<small><code>{score.Id}</code></small></th><td>{Role(score, winner)}</td><td class=\"num\">{ReportNumbers.Calls(score.NetworkCalls)}</td>");
        if (score.Failure is { } reason)
        {
            return HtmlText.Of($"<tr class=\"failed\">{head}<td colspan=\"{metrics.Count + 2}\"><strong>Failed:</strong> {reason}</td></tr>\n");
        }

        var values = HtmlText.Concat(metrics.Select((m, i) => HtmlText.Of($"<td class=\"num{(best[i] is { } b && m.Value(score) == b ? " best" : "")}\">{m.Text(score)}</td>")));
        return HtmlText.Of($"<tr{Class(winner)}>{head}{values}<td>{Against(score, winner, verdict)}</td><td class=\"num\">{Samples(score)}</td></tr>\n");
    }

    private static HtmlText Class(bool winner) => winner ? HtmlText.Of($" class=\"winner\"") : HtmlText.Empty;

    /// <summary>A score's role as a small label.</summary>
    public static HtmlText Role(CandidateScore score, bool winner) =>
        winner ? HtmlText.Of($"<span class=\"chip win\">winner</span>") : HtmlText.Of($"<span class=\"chip\">{Word(score.Role)}</span>");

    private static string Word(ContestantRole role) => role switch
    {
        ContestantRole.Searched => "searched",
        ContestantRole.Given => "given",
        ContestantRole.Baseline => "baseline",
        _ => "unaccelerated",
    };

    private static HtmlText Against(CandidateScore score, bool winner, Verdict verdict)
    {
        if (winner || verdict.Compare(score) is not { } comparison)
        {
            return HtmlText.Of($"–");
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
        return HtmlText.Of($"<span class=\"nowrap\">{number}</span> <span class=\"stand {kind}\">{word}</span>");
    }

    private static HtmlText Samples(CandidateScore score) =>
        HtmlText.Of($"{(score.FidSamples is { } f ? ReportNumbers.Count(f) : "–")}<small>{(score.PairedSamples is { } p ? ReportNumbers.Count(p) : "–")}</small>");

    private static string Value(double value) => double.IsFinite(value) ? ReportNumbers.Short(value) : "failed";
}
