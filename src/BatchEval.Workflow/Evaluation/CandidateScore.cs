using System.Text.Json;
using System.Text.Json.Serialization;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Evaluation;

/// <summary>One line of a leaderboard.</summary>
public sealed record CandidateScore : IJsonOnDeserialized
{
    private IReadOnlyDictionary<string, MetricValue> metrics = new SortedDictionary<string, MetricValue>(StringComparer.Ordinal);

    /// <summary>First digits of the candidate's id.</summary>
    public required string Id { get; init; }

    /// <summary>Name under which people know it.</summary>
    public required string Name { get; init; }

    /// <summary>What it is in the run.</summary>
    public required EntryRole Role { get; init; }

    /// <summary>The candidate.</summary>
    public required Candidate Candidate { get; init; }

    /// <summary>Mean network calls per sample, after run-time skips.</summary>
    public required double NetworkCalls { get; init; }

    /// <summary>Multiply-adds per sample, before run-time skips; null where the model's are unknown.</summary>
    public double? Macs { get; init; }

    /// <summary>Milliseconds per sample inside the network, from the block costs measured when the run began; null where they were not.</summary>
    public double? Milliseconds { get; init; }

    /// <summary>Weights and intermediate values of one network call at the worst moment.</summary>
    public long? PeakBytes { get; init; }

    /// <summary>The objective; lower is better, +infinity after a failure.</summary>
    public required double Objective { get; init; }

    /// <summary>Standard error of the objective.</summary>
    public double ObjectiveError { get; init; }

    /// <summary>Network calls per image, where a run-time skip policy makes them differ.</summary>
    public ScoreDistribution? NetworkCallsPerImage { get; init; }

    /// <summary>Why it could not be scored, or null.</summary>
    public string? Failure { get; init; }

    /// <summary>Every metric that was measured, by its key in <see cref="MetricCatalog"/>.</summary>
    public IReadOnlyDictionary<string, MetricValue> Metrics { get => metrics; init => metrics = value; }

    /// <summary>Samples behind the first of its metrics, in the order of the catalogue (recall has those of the reference).</summary>
    [JsonIgnore]
    public int? Samples => MetricCatalog.All.Select(m => Of(m.Key)?.Samples).FirstOrDefault(n => n is not null);

    /// <summary>Most pairs of images behind any of its metrics. (A member of the name "pairedSamples" would be skipped when older files are read.)</summary>
    [JsonIgnore]
    public int? Pairs => MetricCatalog.All.Where(m => m.IsPaired).Max(m => Of(m.Key)?.Samples);

    // What files of older versions hold besides; they have members like "fidError" for some metrics, the oldest in place of the map.
    [JsonExtensionData, JsonInclude]
    private Dictionary<string, JsonElement>? Older { get; set; }

    /// <summary>A metric, or null where it was not measured.</summary>
    public MetricValue? Of(string key) => Metrics.GetValueOrDefault(key);

    void IJsonOnDeserialized.OnDeserialized()
    {
        if (Metrics.Count == 0 && Older is { } older)
        {
            metrics = new SortedDictionary<string, MetricValue>(
                MetricCatalog.All.Where(m => older.ContainsKey(m.Member)).ToDictionary(
                    m => m.Key,
                    m => new MetricValue
                    {
                        Value = Read<double?>(m.Member), Error = Read<double?>(m.Member + "Error"), Samples = Read<int?>(m.IsPaired ? "pairedSamples" : "fidSamples"),
                        PerImage = Read<ScoreDistribution>(m.Member + "PerImage"),
                    }),
                StringComparer.Ordinal);
            T? Read<T>(string member) => older.TryGetValue(member, out var value) ? value.Deserialize<T>(WorkflowJson.Options) : default;
        }

        Older = null;
    }
}

/// <summary>What was measured of one metric.</summary>
public sealed record MetricValue
{
    /// <summary>The value, in the metric's unit.</summary>
    public double? Value { get; init; }

    /// <summary>Its standard error, where one could be estimated.</summary>
    public double? Error { get; init; }

    /// <summary>Samples behind it.</summary>
    public int? Samples { get; init; }

    /// <summary>How values per image are spread, for metrics of pairs.</summary>
    public ScoreDistribution? PerImage { get; init; }
}
