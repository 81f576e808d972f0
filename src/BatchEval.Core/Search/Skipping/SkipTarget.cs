using System.Globalization;

namespace BatchEval.Core.Search.Skipping;

/// <summary>What a skip threshold can be chosen for.</summary>
public enum SkipTargetKind
{
    /// <summary>Mean network calls per image, at most.</summary>
    NetworkCalls,

    /// <summary>Milliseconds per image, at most.</summary>
    Milliseconds,

    /// <summary>Mean PSNR against the unaccelerated sampler, at least.</summary>
    Psnr,

    /// <summary>Mean perceptual distance to the unaccelerated sampler, at most.</summary>
    Lpips,
}

public sealed record SkipTarget(SkipTargetKind Kind, double Value)
{
    /// <summary>True when a larger threshold (more skips) is what meets the target.</summary>
    public bool IsSpeed => Kind is SkipTargetKind.NetworkCalls or SkipTargetKind.Milliseconds;

    /// <summary>Whether a measured value meets the target.</summary>
    public bool IsMetBy(double value) => Kind == SkipTargetKind.Psnr ? value >= Value : value <= Value;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind switch
    {
        SkipTargetKind.NetworkCalls => "network calls <=",
        SkipTargetKind.Milliseconds => "milliseconds <=",
        SkipTargetKind.Psnr => "PSNR >=",
        _ => "LPIPS <=",
    }} {Value}");
}

/// <summary>One measured threshold.</summary>
/// <param name="NetworkCalls">Mean network calls per image at it.</param>
/// <param name="Value">Value of the target's quantity at it.</param>
public sealed record SkipTrial(double Threshold, double NetworkCalls, double Value);
