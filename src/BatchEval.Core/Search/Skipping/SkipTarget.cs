using System.Globalization;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Core.Search.Skipping;

/// <summary>What a skip threshold can be chosen for.</summary>
public enum SkipTargetKind
{
    /// <summary>Mean network calls per image, at most.</summary>
    NetworkCalls,

    /// <summary>Milliseconds per image, at most.</summary>
    Milliseconds,

    /// <summary>Mean of a metric of pairs against the unaccelerated sampler: at least where higher is better, else at most.</summary>
    Metric,
}

/// <param name="Metric">The metric, where one is the target.</param>
public sealed record SkipTarget(SkipTargetKind Kind, double Value, Metric? Metric = null)
{
    /// <summary>True when a larger threshold (more skips) is what meets the target.</summary>
    public bool IsSpeed => Kind is SkipTargetKind.NetworkCalls or SkipTargetKind.Milliseconds;

    /// <summary>Whether a measured value meets the target.</summary>
    public bool IsMetBy(double value) => Metric is { HigherIsBetter: true } ? value >= Value : value <= Value;

    public override string ToString()
    {
        var name = Metric?.Label ?? (Kind == SkipTargetKind.NetworkCalls ? "network calls" : "milliseconds");
        return string.Create(CultureInfo.InvariantCulture, $"{name} {(Metric is { HigherIsBetter: true } ? ">=" : "<=")} {Value}");
    }
}

/// <summary>One measured threshold.</summary>
/// <param name="NetworkCalls">Mean network calls per image at it.</param>
/// <param name="Value">Value of the target's quantity at it.</param>
public sealed record SkipTrial(double Threshold, double NetworkCalls, double Value);
