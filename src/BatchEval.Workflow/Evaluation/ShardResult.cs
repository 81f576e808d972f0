using System.Text.Json.Serialization;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Evaluation;

/// <summary>All that is known of a shard: its <c>result.json</c>, and the arrays that lie beside it as files of their own.</summary>
/// <param name="NetworkCalls">Network calls per sample, after run-time skips.</param>
/// <param name="Failure">Why the shard could not be computed, or null.</param>
/// <param name="Milliseconds">Time spent on its network calls, as measured then.</param>
/// <param name="PeakBytes">Peak memory of the worker, as measured then.</param>
/// <param name="Masks">Which rows each sample computed (<see cref="StepMask"/>), where a run-time skip policy decides; null otherwise, because then the candidate itself says it.</param>
public sealed record ShardResult(
    string Key, string Candidate, SampleRange Range, IReadOnlyList<int> NetworkCalls, string? Failure,
    string ComputedBy, double Milliseconds, long PeakBytes, IReadOnlyList<string>? Masks = null)
{
    /// <summary>The images; null after a failure, and where they were not read.</summary>
    [JsonIgnore]
    public ImageBatch? Images { get; init; }

    /// <summary>Features [N, D]; null after a failure, and without a feature network.</summary>
    [JsonIgnore]
    public float[]? Features { get; init; }

    /// <summary>Class scores [N, K]; null where the feature network has none, and where they were not read.</summary>
    [JsonIgnore]
    public float[]? Logits { get; init; }

    /// <summary>CLIP score per image; null without prompts or without a CLIP package.</summary>
    public IReadOnlyList<double>? ClipScores { get; init; }

    public IReadOnlyList<double>? PerImage(string metric) =>
        MetricCatalog.Find(metric).Needs.HasFlag(MetricNeeds.Prompts) ? ClipScores : Pairs?.Values.GetValueOrDefault(metric) ?? Judged?.Values.GetValueOrDefault(metric);

    /// <summary>What was measured on stored images when they were read; null where nothing of it is wanted, or no images are stored.</summary>
    [JsonIgnore]
    public JudgedImages? Judged { get; init; }

    /// <summary>Values per image against the compared shard, or null.</summary>
    [JsonIgnore]
    public PairedValues? Pairs { get; init; }
}

/// <summary>What metrics that a search never sees say of a shard's images.</summary>
/// <param name="Values">Values per image in the order of the samples, by the metric's key.</param>
/// <param name="SecondFeatures">Features [N, D] by the second network; null where that is not wanted or not there.</param>
public sealed record JudgedImages(IReadOnlyDictionary<string, IReadOnlyList<double>> Values, float[]? SecondFeatures);

/// <summary>What metrics of pairs say of every image of a shard against the images of another shard; one file per other shard.</summary>
/// <param name="ComparedWith">Key of the other shard.</param>
/// <param name="Values">Values in the order of the samples, by the metric's key: all that the images and the package allow.</param>
public sealed record PairedValues(string ComparedWith, IReadOnlyDictionary<string, IReadOnlyList<double>> Values);
