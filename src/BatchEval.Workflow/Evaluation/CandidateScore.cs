using System.Text.Json.Serialization;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Workflow.Evaluation;

/// <summary>One line of a leaderboard.</summary>
public sealed record CandidateScore
{
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

    /// <summary>FID against the training images.</summary>
    public double? Fid { get => Of("fid")?.Value; init => Metrics = With("fid", m => m with { Value = value }); }

    /// <summary>Standard error of <see cref="Fid"/> (delete-group jackknife).</summary>
    public double? FidError { get => Of("fid")?.Error; init => Metrics = With("fid", m => m with { Error = value }); }

    /// <summary>Samples behind the distribution scores.</summary>
    public int? FidSamples { get => Of("fid")?.Samples; init => Metrics = With("fid", m => m with { Samples = value }); }

    /// <summary>FID against images never trained on.</summary>
    public double? FidHeldOut { get => Of("fid-held-out")?.Value; init => Metrics = With("fid-held-out", m => m with { Value = value }); }

    /// <summary>Standard error of <see cref="FidHeldOut"/>.</summary>
    public double? FidHeldOutError { get => Of("fid-held-out")?.Error; init => Metrics = With("fid-held-out", m => m with { Error = value }); }

    /// <summary>Mean PSNR per image against the unaccelerated sampler, in dB.</summary>
    public double? Psnr { get => Of("psnr")?.Value; init => Metrics = With("psnr", m => m with { Value = value }); }

    /// <summary>Standard error of <see cref="Psnr"/>.</summary>
    public double? PsnrError { get => Of("psnr")?.Error; init => Metrics = With("psnr", m => m with { Error = value }); }

    /// <summary>Mean SSIM against the unaccelerated sampler.</summary>
    public double? Ssim { get => Of("ssim")?.Value; init => Metrics = With("ssim", m => m with { Value = value }); }

    /// <summary>Standard error of <see cref="Ssim"/>.</summary>
    public double? SsimError { get => Of("ssim")?.Error; init => Metrics = With("ssim", m => m with { Error = value }); }

    /// <summary>Mean perceptual distance to the unaccelerated sampler.</summary>
    public double? Lpips { get => Of("lpips")?.Value; init => Metrics = With("lpips", m => m with { Value = value }); }

    /// <summary>Standard error of <see cref="Lpips"/>.</summary>
    public double? LpipsError { get => Of("lpips")?.Error; init => Metrics = With("lpips", m => m with { Error = value }); }

    /// <summary>Network calls per image, where a run-time skip policy makes them differ.</summary>
    public ScoreDistribution? NetworkCallsPerImage { get; init; }

    /// <summary>PSNR per image, capped at 100 dB.</summary>
    public ScoreDistribution? PsnrPerImage { get => Of("psnr")?.PerImage; init => Metrics = With("psnr", m => m with { PerImage = value }); }

    /// <summary>SSIM per image.</summary>
    public ScoreDistribution? SsimPerImage { get => Of("ssim")?.PerImage; init => Metrics = With("ssim", m => m with { PerImage = value }); }

    /// <summary>Perceptual distance per image.</summary>
    public ScoreDistribution? LpipsPerImage { get => Of("lpips")?.PerImage; init => Metrics = With("lpips", m => m with { PerImage = value }); }

    /// <summary>Images behind the paired scores.</summary>
    public int? PairedSamples { get => Of("psnr")?.Samples; init => Metrics = With("psnr", m => m with { Samples = value }); }

    /// <summary>Why it could not be scored, or null.</summary>
    public string? Failure { get; init; }

    /// <summary>Every metric that was measured, by its key in <see cref="MetricCatalog"/>; the members above are some of them under names of their own.</summary>
    public IReadOnlyDictionary<string, MetricValue> Metrics { get; init; } = new SortedDictionary<string, MetricValue>(StringComparer.Ordinal);

    /// <summary>Most samples behind any of its metrics.</summary>
    [JsonIgnore]
    public int? Samples => Metrics.Values.Max(m => m.Samples);

    /// <summary>A metric, or null where it was not measured.</summary>
    public MetricValue? Of(string key) => Metrics.GetValueOrDefault(key);

    private SortedDictionary<string, MetricValue> With(string key, Func<MetricValue, MetricValue> change) =>
        new(Metrics.ToDictionary(m => m.Key, m => m.Value), StringComparer.Ordinal) { [key] = change(Of(key) ?? new MetricValue()) };
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
