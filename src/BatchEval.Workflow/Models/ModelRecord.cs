namespace BatchEval.Workflow.Models;

/// <summary>A run's <c>model.json</c>: what it found out about the model before it began.</summary>
/// <param name="Provenance">Where weights and data come from.</param>
/// <param name="FeatureNetwork">Feature network and preprocessing of all distribution scores.</param>
public sealed record ModelRecord(string Name, string Digest, string Description, string Provenance, string? FeatureNetwork);
