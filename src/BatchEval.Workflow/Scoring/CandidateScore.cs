using BatchEval.Core.Sampling;
using BatchEval.Workflow.Cells;

namespace BatchEval.Workflow.Scoring;

/// <summary>One line of a leaderboard.</summary>
public sealed record CandidateScore
{
    /// <summary>First digits of the candidate's id.</summary>
    public required string Id { get; init; }

    /// <summary>Name under which people know it.</summary>
    public required string Name { get; init; }

    /// <summary>What it is in the run.</summary>
    public required ContestantRole Role { get; init; }

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
    public double? Fid { get; init; }

    /// <summary>Standard error of <see cref="Fid"/> (delete-group jackknife).</summary>
    public double? FidError { get; init; }

    /// <summary>Samples behind the distribution scores.</summary>
    public int? FidSamples { get; init; }

    /// <summary>FID against images never trained on.</summary>
    public double? FidHeldOut { get; init; }

    /// <summary>Standard error of <see cref="FidHeldOut"/>.</summary>
    public double? FidHeldOutError { get; init; }

    /// <summary>Mean PSNR per image against the unaccelerated sampler, in dB.</summary>
    public double? Psnr { get; init; }

    /// <summary>Standard error of <see cref="Psnr"/>.</summary>
    public double? PsnrError { get; init; }

    /// <summary>Mean SSIM against the unaccelerated sampler.</summary>
    public double? Ssim { get; init; }

    /// <summary>Standard error of <see cref="Ssim"/>.</summary>
    public double? SsimError { get; init; }

    /// <summary>Mean perceptual distance to the unaccelerated sampler.</summary>
    public double? Lpips { get; init; }

    /// <summary>Standard error of <see cref="Lpips"/>.</summary>
    public double? LpipsError { get; init; }

    /// <summary>Network calls per image, where a run-time skip policy makes them differ.</summary>
    public ScoreDistribution? NetworkCallsPerImage { get; init; }

    /// <summary>PSNR per image, capped at 100 dB.</summary>
    public ScoreDistribution? PsnrPerImage { get; init; }

    /// <summary>SSIM per image.</summary>
    public ScoreDistribution? SsimPerImage { get; init; }

    /// <summary>Perceptual distance per image.</summary>
    public ScoreDistribution? LpipsPerImage { get; init; }

    /// <summary>Images behind the paired scores.</summary>
    public int? PairedSamples { get; init; }

    /// <summary>Why it could not be scored, or null.</summary>
    public string? Failure { get; init; }
}
