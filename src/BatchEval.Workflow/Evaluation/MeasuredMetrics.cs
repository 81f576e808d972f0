using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Packages;

namespace BatchEval.Workflow.Evaluation;

/// <summary>What is minimised and what is measured besides.</summary>
/// <param name="All">Everything that final scores have, the objective among them, in the order of the catalogue.</param>
public sealed record MeasuredMetrics(Metric Objective, IReadOnlyList<Metric> All)
{
    /// <summary>What a run measures: what was asked for, and of the standard metrics those that its model allows.</summary>
    public static MeasuredMetrics Of(RunSpecification specification, ModelManifest manifest) =>
        Of(specification.Objective.Metric, specification.Final.Metrics ?? [], manifest);

    /// <summary>What is measured where one metric decides.</summary>
    public static MeasuredMetrics Of(string objective, IEnumerable<string> others, ModelManifest manifest)
    {
        // A package that brings a network for one metric does so to have its score.
        HashSet<string> wanted = [objective, .. others];
        return new MeasuredMetrics(
            MetricCatalog.Find(objective),
            [.. MetricCatalog.All.Where(m => wanted.Contains(m.Key) || ((m.IsStandard || m.HasOwnNetwork) && ReasonAgainst(m, manifest) is null))]);
    }

    /// <summary>What decides where nothing is said: the first standard metric that a model allows, distances before similarities.</summary>
    public static Metric Default(ModelManifest manifest) =>
        MetricCatalog.All.Where(m => m.IsStandard && ReasonAgainst(m, manifest) is null).OrderBy(m => m.HigherIsBetter).First();

    /// <summary>Why a metric cannot be measured on a model, in words that follow its name; null where it can.</summary>
    public static string? ReasonAgainst(Metric metric, ModelManifest manifest)
    {
        bool Needs(MetricNeeds needs) => (metric.Needs & needs) != 0;
        var side = Math.Min(manifest.Image.Height, manifest.Image.Width);
        return Needs(MetricNeeds.Features | MetricNeeds.ReferenceFeatures | MetricNeeds.ReferenceStatistics | MetricNeeds.HeldOutStatistics | MetricNeeds.Logits) && manifest.Features is null ? "has no feature network ('features' in its manifest)"
            : Needs(MetricNeeds.ReferenceStatistics) && manifest.Reference is null ? "has no reference statistics ('reference' in its manifest)"
            : Needs(MetricNeeds.HeldOutStatistics) && manifest.Reference?.HeldOut is null ? "has no statistics of held-out images ('reference.heldOut' in its manifest)"
            : Needs(MetricNeeds.ReferenceFeatures) && manifest.Data is null ? "has no data to compare with ('data' in its manifest)"
            : Needs(MetricNeeds.SecondFeatures) && manifest.SecondFolder is null ? "brings no second feature network ('secondFeatures' in its manifest)"
            : Needs(MetricNeeds.SecondFeatures) && (manifest.Data is null || manifest.Decoder is not null) ? "has no images to compare with ('data' in its manifest) for a second feature network"
            : Needs(MetricNeeds.Logits) && manifest.Features?.Logits is null ? "has a feature network without class scores ('features.logits' in its manifest)"
            : Needs(MetricNeeds.Prompts) && manifest.Text is null ? "takes no prompts"
            : Needs(MetricNeeds.Prompts) && manifest.ClipFolder is null ? "brings no CLIP package ('clip' beside it)"
            : Needs(MetricNeeds.PerceptualNetwork) && manifest.Perceptual is null ? "has no perceptual network ('perceptual' in its manifest)"
            : metric.MinimumSide > side ? $"makes images of {manifest.Image.Width} x {manifest.Image.Height}, and it needs at least {metric.MinimumSide} pixels on each side"
            : null;
    }
}
