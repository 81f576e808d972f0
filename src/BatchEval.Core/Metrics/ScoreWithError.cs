namespace BatchEval.Core.Metrics;

/// <summary>A score with its uncertainty.</summary>
/// <param name="Value">The score, in the unit of its metric.</param>
/// <param name="StandardError">Standard error of <paramref name="Value"/> in the same unit; NaN if it cannot be estimated from the data.</param>
/// <param name="SampleCount">Number of (generated) samples behind the score.</param>
/// <param name="Method">How value and error were obtained, in words fit for a report.</param>
public sealed record ScoreWithError(double Value, double StandardError, long SampleCount, string Method);
