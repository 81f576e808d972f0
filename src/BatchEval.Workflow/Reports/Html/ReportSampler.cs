using System.Globalization;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The winner's own numbers, step by step, beside those of its solver.</summary>
internal static class ReportSampler
{
    /// <summary>The whole section, or nothing when the winner has no numbers of its own.</summary>
    public static HtmlText Section(ReportModel model)
    {
        if (model.Sampler is not { } sheet)
        {
            return HtmlText.Empty;
        }

        var columns = sheet.Rows.Max(r => Math.Max(r.Own.Count, r.Base.Count));
        var heads = HtmlText.Concat(Enumerable.Range(0, columns).Select(j => HtmlText.Of($"<th scope=\"col\">{SamplerSheet.Label(j)}</th>")));
        var rows = HtmlText.Concat(sheet.Rows.Select(r => Row(r, columns)));
        return HtmlText.Of(
            $"""
            <section id="sampler" class="wide">
            <h2>The sampler's own numbers</h2>
            <p>After each network call the next state is a combination of the state x, of this call's data prediction D0 and of earlier ones (D1, D2). Outlined: the coefficients of <code>{sheet.Candidate.Solver}</code> at the same times; filled: the winner's. Sampling starts from noise times {Number(sheet.Candidate.StartScale)}.</p>
            <figure data-name="sampler"><div class="scroll" tabindex="0">{new HtmlText(sheet.ToSvg())}</div></figure>
            <div class="scroll" role="region" aria-label="Numbers per step" tabindex="0">
            <table><thead><tr><th scope="col">Time</th><th scope="col">Network is told</th><th scope="col">Output times</th><th scope="col">w (first difference)</th><th scope="col">u (second difference)</th><th scope="col">a (state)</th><th scope="col">b (data)</th>{heads}</tr></thead>
            <tbody>
            {rows}</tbody></table></div>
            <p class="note">Coefficients: the winner's, and the solver's in brackets.</p>
            </section>

            """);
    }

    private static HtmlText Row(SamplerSheetRow row, int columns)
    {
        var n = row.Numbers;
        var coefficients = HtmlText.Concat(Enumerable.Range(0, columns).Select(j => HtmlText.Of($"<td>{Number(row.Own.ElementAtOrDefault(j))} ({Number(row.Base.ElementAtOrDefault(j))})</td>")));
        return HtmlText.Of($"<tr><th scope=\"row\">{ReportNumbers.Time(row.Time)}</th><td>{ReportNumbers.Time(row.NetworkTime)}</td><td>{Number(row.OutputScale)}</td><td>{Number(n.FirstDifference)}</td><td>{Number(n.SecondDifference)}</td><td>{Number(n.State)}</td><td>{Number(n.Data)}</td>{coefficients}</tr>\n");
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture).Replace('-', '\u2212');
}
