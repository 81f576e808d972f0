namespace BatchEval.Onnx.Sampling;

/// <summary>One finished sample.</summary>
/// <param name="Label">Class label it was conditioned on.</param>
/// <param name="Image">Final state [C, H, W]; meaningless after a failure.</param>
/// <param name="Executed">For each row of the solver, whether the network was called.</param>
/// <param name="Failure">Why the sample could not be finished, or null.</param>
public sealed record SampleResult(long Sample, int Label, float[] Image, IReadOnlyList<bool> Executed, string? Failure)
{
    /// <summary>Network calls made for this sample.</summary>
    public int NetworkCalls => Executed.Count(e => e);
}
