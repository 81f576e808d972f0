namespace BatchEval.Workflow.Reports.Html;

/// <summary>Which network calls each image made, for candidates whose skip policy decides per image.</summary>
internal static class ReportMasks
{
    /// <summary>The whole section, or nothing when no candidate decides per image.</summary>
    public static HtmlText Section(ReportModel model)
    {
        if (model.Masks.Count == 0)
        {
            return HtmlText.Empty;
        }

        var figures = HtmlText.Concat(model.Masks.Select(Figure));
        return HtmlText.Of(
            $"""
            <section id="masks" class="wide">
            <h2>Network calls per image</h2>
            <p>One line per image, one column per network call of the full schedule, from noise on the left to the image on the right; filled where the network was called.</p>
            {figures}</section>

            """);
    }

    private static HtmlText Figure(SkipMaskSheet sheet)
    {
        var shown = Math.Min(sheet.Masks.Count, SkipMaskSheet.MostDrawn);
        var calls = ReportNumbers.Calls(Math.Round(sheet.ComputedShare().Sum(), 2));
        return HtmlText.Of(
            $"""
            <figure data-name="{sheet.Name}"><div class="scroll" tabindex="0">{new HtmlText(sheet.ToSvg())}</div>
            <figcaption><strong>{sheet.Name}</strong> {sheet.Candidate}: {calls} calls on average; the first {shown} images</figcaption></figure>

            """);
    }
}
