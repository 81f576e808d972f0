using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Evaluation;

/// <summary>Metrics of images and the prompts they were drawn for: the n-th image with prompt n modulo their number.</summary>
public static class PromptMetrics
{
    private const int BatchSize = 16;
    private static readonly Metric Row = MetricCatalog.OfNetwork(MetricNeeds.Prompts);

    public static MetricReport Compute(IImageSource images, PromptSet prompts, ClipScorer clip, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        var values = new List<double>();
        foreach (var batch in images.Read().Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            values.AddRange(clip.Score(batch, [.. batch.Select((_, i) => prompts.Of(values.Count + i).Text)]));
            progress?.Invoke(values.Count);
        }

        var report = new ReportBuilder();
        var (network, preprocessing) = clip.Tags;
        report.Add(Row, Row.Reduce!(values, []), new ScoreProvenance(string.Empty, preprocessing, network, $"prompts-sha256:{prompts.Digest}"));
        return report.Build();
    }
}
