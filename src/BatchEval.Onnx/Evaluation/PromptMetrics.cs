using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Evaluation;

/// <summary>Metrics of images and the prompts they were drawn for: the n-th image with prompt n modulo their number.</summary>
public static class PromptMetrics
{
    private static readonly Metric Row = MetricCatalog.OfNetwork(MetricNeeds.Prompts);

    public static MetricReport Compute(IImageSource images, PromptSet prompts, ClipScorer clip, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        var values = new List<double>();
        foreach (var score in clip.Score(images.Read().Select((image, i) => (image, prompts.Of(i).Text))))
        {
            cancellation.ThrowIfCancellationRequested();
            values.Add(score);
            progress?.Invoke(values.Count);
        }

        var report = new ReportBuilder();
        var (network, preprocessing) = clip.Tags;
        report.Add(Row, Row.Reduce!(values, []), new ScoreProvenance(string.Empty, preprocessing, network, $"prompts-sha256:{prompts.Digest}"));
        return report.Build();
    }
}
