using System.Text;
using BatchEval.Workflow.Reports.Html;

namespace BatchEval.Workflow.Reports;

/// <summary>Writes a run's report: one self-contained HTML page that opens offline. The same model gives the same bytes.</summary>
public static class HtmlReport
{
    /// <summary>Writes the page.</summary>
    /// <exception cref="ArgumentNullException">There is no model.</exception>
    public static string Write(ReportModel model)
    {
        var verdict = new Verdict(model.Leaderboard);
        return Fill(ReportAssets.Template, name => Part(name, model, verdict).Markup);
    }

    private static HtmlText Part(string name, ReportModel model, Verdict verdict) => name switch
    {
        "policy" => HtmlText.Of($"{ReportAssets.ContentSecurityPolicy}"),
        "style" => new HtmlText(ReportAssets.Style),
        "title" => HtmlText.Of($"{model.Leaderboard.Run}"),
        "model" => HtmlText.Of($"{model.Leaderboard.Protocol.Model}"),
        "solver" => HtmlText.Of($"{model.Specification.Solver}"),
        "seed" => HtmlText.Of($"{model.Leaderboard.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture)}"),
        "headline" => HtmlText.Of($"{verdict.Headline}"),
        "summary" => HtmlText.Of($"{verdict.Summary}"),
        "cards" => ReportFacts.Cards(model, verdict),
        "metric" => HtmlText.Of($"{verdict.Metric.Label}"),
        "direction" => HtmlText.Of($"{verdict.Metric.Direction}"),
        "hypervolume" => HtmlText.Of($"{FrontVolume.Of(model.Leaderboard.Ranked(), verdict.Metric)?.Text(verdict.Metric)}"),
        "glossary" => ReportGlossary.Of(model.Leaderboard),
        "images" => ReportImages.Figures(model, verdict),
        "prompts" => ReportPrompts.Section(model),
        "winner" => ReportSchedules.Winner(model),
        "reproduce" => ReportFacts.Reproduce(model),
        "specification" => HtmlText.Of($"{model.SpecificationJson}"),
        "specification-link" => HtmlText.Of($"{ReportFacts.SpecificationLink(model)}"),
        "licences" => HtmlText.Of($"{ReportAssets.Licences}"),
        "leaderboard-json" => ReportData.Leaderboard(model.Leaderboard),
        "data-json" => ReportData.Charts(model, verdict),
        "script" => new HtmlText($"<script>{ReportAssets.Script}</script>\n"),
        _ => throw new InvalidOperationException($"The report template names an unknown part '{name}'."),
    };

    // One pass: what has been put in is never searched for gaps.
    private static string Fill(string template, Func<string, string> part)
    {
        var page = new StringBuilder();
        var at = 0;
        while (template.IndexOf("{{", at, StringComparison.Ordinal) is >= 0 and var open)
        {
            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            page.Append(template, at, open - at).Append(part(template[(open + 2)..close]));
            at = close + 2;
        }

        return page.Append(template, at, template.Length - at).ToString();
    }
}
