using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports;

/// <summary>Which prompts a run's candidates do well and badly on: means of metrics per image, prompt by prompt. <c>prompt-scores.json</c>.</summary>
/// <param name="Metric">Key of the metric that orders prompts; null where nothing was compared image by image.</param>
/// <param name="Prompts">The winner's worst first.</param>
public sealed record PromptSheet(string? Metric, IReadOnlyList<PromptRow> Prompts)
{
    /// <summary>Puts a run's final results together.</summary>
    /// <param name="prompts">The run's prompts.</param>
    /// <param name="best">Id of its winner; null for none.</param>
    /// <param name="scored">Final scores and the shards behind them.</param>
    /// <param name="lost">The part of each prompt that did not fit, or null.</param>
    public static PromptSheet Of(PromptSet prompts, Metric objective, string? best, IReadOnlyList<(CandidateScore Score, IReadOnlyList<ShardResult> Shards)> scored, IReadOnlyList<string?> lost)
    {
        var metrics = MetricCatalog.All.Where(m => m.IsPerImage && scored.Any(s => s.Shards.Any(c => c.PerImage(m.Key) is not null))).ToList();
        var order = metrics.Find(m => m.Key == (objective.PerImageOf ?? objective.Key)) ?? metrics.FirstOrDefault();
        var rows = prompts.Prompts.Select((prompt, index) => new PromptRow(
            prompt.Text, prompt.Negative, prompt.Seed, lost[index], ImagesOf(index, prompts.Prompts.Count, scored),
            [.. scored.Where(s => s.Score.Failure is null).Select(s => new PromptScore(s.Score.Name, s.Score.Id, MeansOf(index, prompts.Prompts.Count, s.Shards, metrics)))]));
        return new PromptSheet(order?.Key, [.. rows.Where(r => r.Images.Count > 0).OrderByDescending(r => order is null ? 0 : order.ToObjective(r.Of(best, order.Key) ?? double.NaN))]);
    }

    private static IReadOnlyList<int> ImagesOf(int prompt, int count, IReadOnlyList<(CandidateScore Score, IReadOnlyList<ShardResult> Shards)> scored) =>
        scored.Count == 0 ? [] : [.. scored[0].Shards.SelectMany(c => c.Range.Indices).Select((sample, image) => (sample, image)).Where(s => s.sample % count == prompt).Select(s => s.image)];

    private static SortedDictionary<string, double> MeansOf(int prompt, int count, IReadOnlyList<ShardResult> shards, IReadOnlyList<Metric> metrics)
    {
        var means = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var metric in metrics)
        {
            double[] values = [.. shards.SelectMany(c => (c.PerImage(metric.Key) ?? []).Zip(c.Range.Indices)).Where(v => v.Second % count == prompt).Select(v => Math.Min(v.First, metric.Cap))];
            if (values.Length > 0)
            {
                means[metric.Key] = Math.Round(values.Average(), 6);
            }
        }

        return means;
    }
}

/// <summary>One prompt.</summary>
/// <param name="Lost">The part of it that did not fit into the model's row of tokens, or null.</param>
/// <param name="Images">Numbers of its images among the final ones: those of contact sheets and of <c>images/</c>.</param>
/// <param name="Scores">Means by candidate.</param>
public sealed record PromptRow(string Prompt, string? Negative, ulong? Seed, string? Lost, IReadOnlyList<int> Images, IReadOnlyList<PromptScore> Scores)
{
    /// <summary>A candidate's mean, or null where there is none.</summary>
    public double? Of(string? candidate, string metric) => Scores.FirstOrDefault(s => s.Id == candidate)?.Means.TryGetValue(metric, out var mean) == true ? mean : null;
}

/// <summary>What a candidate reached on one prompt.</summary>
/// <param name="Means">Means over the images of the prompt, by metric.</param>
public sealed record PromptScore(string Name, string Id, IReadOnlyDictionary<string, double> Means);
