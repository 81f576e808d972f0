using System.Text.Json;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Skipping;

namespace BatchEval.Cli.Skipping;

/// <summary>Measurements as JSON and as text.</summary>
internal static class SkipDocument
{
    /// <summary>A measurement, with the distribution of its calls and of metrics of pairs.</summary>
    public static JsonObject Of(SkipMeasurement m) => new()
    {
        ["networkCalls"] = Json(new MetricValue { Value = m.MeanCalls, Samples = m.NetworkCalls.Count, PerImage = ScoreDistribution.Of(m.NetworkCalls.Select(c => (double)c)) }),
        ["metrics"] = Json(m.Metrics),
        ["milliseconds"] = m.Milliseconds,
        ["processorMilliseconds"] = m.ProcessorMilliseconds,
    };

    public static JsonNode? Json<T>(T value) => JsonSerializer.SerializeToNode(value, WorkflowJson.Printed);

    /// <summary>What was measured, on one line.</summary>
    public static string Line(SkipMeasurement m) =>
        string.Join(", ", MetricCatalog.All.Where(metric => m.Metrics.ContainsKey(metric.Key)).Select(metric => $"{metric.Label} {Text(metric, m.Metrics)}{(metric.Unit.Length == 0 ? "" : " " + metric.Unit)}"));

    /// <summary>A value with the metric's decimals, or a dash.</summary>
    public static string Text(Metric metric, IReadOnlyDictionary<string, MetricValue> values) => Number(values.GetValueOrDefault(metric.Key)?.Value, metric.Decimals);

    public static string Number(double? value, int decimals) => value?.ToString($"F{decimals}", CultureInfo.InvariantCulture) ?? "-";
}
