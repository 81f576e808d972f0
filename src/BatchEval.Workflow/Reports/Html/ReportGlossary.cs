using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>What the names of baselines mean.</summary>
internal static class ReportGlossary
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
        (BaselineNames.Own, "solver, grid and ending of the model's own scheduler"),
        (BaselineNames.Random, "the best of random search with the same budget of network calls"),
    ];

    public static HtmlText Of(Leaderboard leaderboard)
    {
        var names = leaderboard.Ranked().Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var entries = HtmlText.Concat(Known.Where(k => names.Contains(k.Name)).Select(k => HtmlText.Of($"<div><dt>{k.Name}</dt><dd>{k.Words}</dd></div>\n")));
        return entries == HtmlText.Empty ? entries : HtmlText.Of($"<details><summary>What the names mean</summary><dl class=\"glossary\">\n{entries}</dl></details>");
    }
}
