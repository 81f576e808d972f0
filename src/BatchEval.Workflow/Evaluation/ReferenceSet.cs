using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Workflow.Evaluation;

/// <summary>Images that sets are compared with in place of the package's.</summary>
/// <param name="Features">Their features.</param>
public sealed record ReferenceSet(FeatureMatrix Features)
{
    /// <summary>Mean and covariance of their features.</summary>
    public FrechetReference Statistics { get; } = new(MomentAccumulator.Of(Features).ToStatistics());

    /// <summary>What a metric still needs of a package where such images are there.</summary>
    public static Metric Without(Metric metric) =>
        (metric.Needs & (MetricNeeds.ReferenceStatistics | MetricNeeds.ReferenceFeatures)) == 0 ? metric
            : metric with { Needs = (metric.Needs & ~(MetricNeeds.ReferenceStatistics | MetricNeeds.ReferenceFeatures)) | MetricNeeds.Features };
}
