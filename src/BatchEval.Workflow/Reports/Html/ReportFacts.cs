using System.Globalization;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The figures at the top of a page, and what it takes to reproduce the run.</summary>
internal static class ReportFacts
{
    /// <summary>A few numbers that say what happened.</summary>
    public static HtmlText Cards(ReportModel model, Verdict verdict)
    {
        var cards = new List<HtmlText>();
        if (model.Leaderboard.Best is { } best)
        {
            cards.Add(Card($"{verdict.Metric.Label}, winner", verdict.Metric.Text(best), verdict.Metric.Direction, " win"));
            AddGain(cards, verdict, verdict.BestDefault, "default spacing");
            AddGain(cards, verdict, verdict.Baselines.Count > 0 ? verdict.Baselines[0] : null, "baseline");
            cards.Add(Card("Network calls per sample", ReportNumbers.Calls(best.NetworkCalls), $"unaccelerated sampler: {ReportNumbers.Count(model.Specification.Reference.Steps)} steps"));
        }

        var spent = model.Evaluations;
        cards.Add(Card("Images sampled and scored", ReportNumbers.Count(spent.Samples), $"{ReportNumbers.Count(spent.NetworkCalls)} network calls in {ReportNumbers.Duration(spent.Milliseconds)} of computing"));
        return HtmlText.Concat(cards);
    }

    /// <summary>Everything needed to run this again.</summary>
    public static HtmlText Reproduce(ReportModel model)
    {
        var (board, spent) = (model.Leaderboard, model.Evaluations);
        (string Name, string Value)[] facts =
        [
            ("Run", board.Run),
            ("Seed", board.Seed.ToString(CultureInfo.InvariantCulture)),
            ("Model", $"{board.Protocol.Model} ({model.Specification.Model})"),
            ("Model digest", board.Protocol.ModelDigest),
            ("Solver", model.Specification.Solver),
            ("Objective", board.Objective),
            ("Guidance scale", board.Protocol.GuidanceScale.ToString("0.###", CultureInfo.InvariantCulture)),
            ("Feature network", board.Protocol.FeatureNetwork ?? "none"),
            ("Reference statistics", $"{Images(board.Protocol.ReferenceImages)} trained on; {Images(board.Protocol.HeldOutImages)} held out"),
            ("Unaccelerated sampler", board.Protocol.UnacceleratedSampler),
            ("Sample indices", board.Protocol.Samples),
            ("Standard errors", board.Protocol.StandardError),
            ("Results", $"{ReportNumbers.Count(spent.Computed)} result shards computed by this run, {ReportNumbers.Count(spent.Reused)} found in the store"),
            ("Cost", $"{ReportNumbers.Count(spent.Samples)} samples, {ReportNumbers.Count(spent.NetworkCalls)} network calls, {ReportNumbers.Duration(spent.Milliseconds)} of computing"),
        ];
        return HtmlText.Of($"<dl class=\"facts\">\n{HtmlText.Concat(facts.Select(f => HtmlText.Of($"<div><dt>{f.Name}</dt><dd>{f.Value}</dd></div>\n")))}</dl>");
    }

    /// <summary>The specification as a file that a page without a network can hand out.</summary>
    public static string SpecificationLink(ReportModel model) => $"data:application/json;charset=utf-8,{Uri.EscapeDataString(model.SpecificationJson)}";

    private static void AddGain(List<HtmlText> cards, Verdict verdict, CandidateScore? other, string kind)
    {
        if (other is not null && verdict.Gain(other) is { } gain)
        {
            cards.Add(Card($"Against the best {kind}", gain, $"{other.Name}: {verdict.Metric.Label} {verdict.Metric.Text(other)}"));
        }
    }

    private static HtmlText Card(string label, string value, string note, string kind = "") =>
        HtmlText.Of($"<div class=\"fact{kind}\"><dt>{label}</dt><dd>{value}<small>{note}</small></dd></div>\n");

    private static string Images(int? count) => count is { } c ? $"{ReportNumbers.Count(c)} images" : "no images";
}
