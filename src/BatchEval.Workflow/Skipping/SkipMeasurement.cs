using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Skipping;

/// <summary>What fewer network calls did to a set of samples.</summary>
/// <param name="NetworkCalls">Network calls per image.</param>
/// <param name="Masks">Which rows each image computed, see <see cref="Core.Sampling.Skipping.StepMask"/>.</param>
/// <param name="Metrics">What was measured against the unaccelerated images, by the metric's key; empty after a failure.</param>
/// <param name="Milliseconds">Wall time per image, sampling only.</param>
/// <param name="ProcessorMilliseconds">Processor time per image; unlike wall time it hardly grows when the machine is shared.</param>
/// <param name="Failure">Why the candidate could not be measured, or null.</param>
public sealed record SkipMeasurement(
    Candidate Candidate,
    IReadOnlyList<int> NetworkCalls,
    IReadOnlyList<string> Masks,
    IReadOnlyDictionary<string, MetricValue> Metrics,
    double Milliseconds,
    double ProcessorMilliseconds,
    string? Failure)
{
    /// <summary>Mean network calls per image.</summary>
    public double MeanCalls => NetworkCalls.Average();
}
