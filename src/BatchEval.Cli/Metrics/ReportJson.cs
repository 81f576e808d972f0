using System.Text.Json;
using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Evaluation;

namespace BatchEval.Cli.Metrics;

/// <summary>Reports as JSON, there and back.</summary>
internal static class ReportJson
{
    public static JsonObject Write(MetricReport report) => new()
    {
        ["formatVersion"] = 1,
        ["scores"] = new JsonArray([.. report.Scores.Select(Write)]),
        ["skipped"] = new JsonArray([.. report.Skipped.Select(s => (JsonNode)new JsonObject { ["metric"] = s.Metric, ["reason"] = s.Reason })]),
        ["warnings"] = new JsonArray([.. report.Warnings.Select(w => (JsonNode)w)]),
    };

    /// <summary>Reads the scores of an earlier report.</summary>
    /// <exception cref="ProblemException">It is none.</exception>
    public static IReadOnlyList<MetricScore> ReadScores(string path, string name)
    {
        try
        {
            var scores = JsonNode.Parse(File.ReadAllText(path))?["scores"]?.AsArray() ?? throw new JsonException("it has no scores");
            return [.. scores.Select(score => Read(score!.AsObject()))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new ProblemException($"'{name}' is no report of 'batcheval metrics --json': {(error is JsonException { LineNumber: not null } json ? "it " + ErrorText.OfJson(json) : error is JsonException ? error.Message : "a score is not as that command writes it")}");
        }
    }

    private static JsonNode Write(MetricScore score) => new JsonObject
    {
        ["metric"] = score.Provenance.Metric,
        ["value"] = Number(score.Score.Value),
        ["standardError"] = Number(score.Score.StandardError),
        ["count"] = score.Score.SampleCount,
        ["better"] = MetricCatalog.Find(score.Provenance.Metric).HigherIsBetter ? "higher" : "lower",
        ["method"] = score.Score.Method,
        ["preprocessing"] = score.Provenance.Preprocessing,
        ["network"] = score.Provenance.NetworkDigest,
        ["reference"] = score.Provenance.ReferenceDigest,
    };

    private static MetricScore Read(JsonObject score) => new(
        new ScoreWithError(Number(score["value"]), Number(score["standardError"]), score["count"]!.GetValue<long>(), Text(score, "method")),
        new ScoreProvenance(Text(score, "metric"), Text(score, "preprocessing"), Text(score, "network"), Text(score, "reference")));

    private static string Text(JsonObject score, string name) => score[name]?.GetValue<string>() ?? throw new JsonException($"a score has no '{name}'");

    // JSON has no infinity and no NaN; an unknown error is null, and identical images have an infinite PSNR.
    private static JsonNode? Number(double value) => double.IsNaN(value) ? null : double.IsFinite(value) ? value : value.ToString(CultureInfo.InvariantCulture);

    private static double Number(JsonNode? node) => node switch
    {
        null => double.NaN,
        _ when node.GetValueKind() == JsonValueKind.String => double.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture),
        _ => node.GetValue<double>(),
    };
}
