namespace BatchEval.Onnx.Networks;

/// <summary>Values of one input of a network beside state and time, for one call.</summary>
/// <param name="Data">Values, row-major.</param>
/// <param name="Shape">Their shape; the first dimension counts the samples of the call unless the input has no batch axis.</param>
public sealed record Feed(string Input, float[] Data, long[] Shape);

/// <summary>Which sample a row of a call belongs to, and which half of classifier-free guidance it is.</summary>
/// <param name="Label">Its class label; ignored by models without labels.</param>
/// <param name="Negative">True for the unconditional (negative) evaluation.</param>
public readonly record struct ConditionRow(long Sample, int Label = 0, bool Negative = false);
