namespace BatchEval.Onnx.Text;

/// <summary>One text that images are drawn for.</summary>
/// <param name="Text">The prompt.</param>
/// <param name="Negative">What guidance leads away from; null where none was given, which some models tell apart from an empty one.</param>
/// <param name="Seed">Seed of its start noise, or null for the run's.</param>
public sealed record Prompt(string Text, string? Negative = null, ulong? Seed = null);
