using System.Globalization;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>Which prompts suffer, and which images are theirs.</summary>
internal static class ReportPrompts
{
    private const int MostShown = 64;
    private const int MostImages = 8;

    /// <summary>The whole section, or nothing where a run has no prompts.</summary>
    public static HtmlText Section(ReportModel model)
    {
        if (model.Prompts is not { } sheet)
        {
            return HtmlText.Empty;
        }

        var metric = sheet.Metric is { } key ? MetricCatalog.Find(key) : null;
        var (winner, rival) = (model.Leaderboard.Best, model.Leaderboard.Baselines.FirstOrDefault(b => b.Failure is null));
        var heads = HtmlText.Concat(metric is null ? [] : new[] { winner, rival }.Where(s => s is not null).Select(s => HtmlText.Of($"<th scope=\"col\" class=\"num\">{metric.Label}, {s!.Name}</th>")));
        var rows = HtmlText.Concat(sheet.Prompts.Take(MostShown).Select(p => Row(p, metric, winner?.Id, rival?.Id)));
        var order = metric is null ? "in the order of the set" : "the winner's worst first";
        return HtmlText.Of(
            $"""
            <section id="prompts" class="wide">
            <h2>Prompts</h2>
            <p>{ReportNumbers.Count(sheet.Prompts.Count)} prompts, {order}{(sheet.Prompts.Count > MostShown ? $"; the first {MostShown} are shown, all of them are in prompt-scores.json" : string.Empty)}. Images are counted from 0, row by row, in every contact sheet.</p>
            <div class="scroll" role="region" aria-label="Prompts" tabindex="0">
            <table><thead><tr><th scope="col">Prompt</th><th scope="col">Images</th>{heads}</tr></thead>
            <tbody>
            {rows}</tbody></table>
            </div>
            </section>

            """);
    }

    private static HtmlText Row(PromptRow prompt, Metric? metric, string? winner, string? rival)
    {
        var values = HtmlText.Concat(metric is null ? [] : new[] { winner, rival }.Where(id => id is not null).Select(id =>
            HtmlText.Of($"<td class=\"num\">{(prompt.Of(id, metric.Key) is { } mean ? $"{mean.ToString($"F{metric.Decimals}", CultureInfo.InvariantCulture)}{metric.Unit}" : "–")}</td>")));
        var images = string.Join(" ", prompt.Images.Take(MostImages)) + (prompt.Images.Count > MostImages ? " …" : string.Empty);
        var notes = string.Join("; ", new[] { prompt.Negative is { Length: > 0 } n ? $"not: {n}" : null, prompt.Seed is { } s ? $"seed {s}" : null, prompt.Lost is { } l ? $"left out, too long: {l}" : null }.OfType<string>());
        return HtmlText.Of($"<tr><th scope=\"row\">{prompt.Prompt}<small>{notes}</small></th><td>{images}</td>{values}</tr>\n");
    }
}
