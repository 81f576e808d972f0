using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;

namespace BatchEval.Workflow.Reports;

/// <summary>Everything a report shows, as plain data.</summary>
/// <param name="SpecificationJson">The same as JSON, every default spelled out.</param>
/// <param name="Leaderboard">Final scores.</param>
/// <param name="History">Best score after each generation of search and random search.</param>
/// <param name="Evaluations">What the run cost.</param>
/// <param name="NoiseAxis">For every scored candidate id: its noise levels in order.</param>
/// <param name="Grids">For every scored candidate id: a contact sheet as PNG, the same noise in the same place.</param>
/// <param name="ReferenceGrid">Contact sheet of the unaccelerated sampler as PNG, or null.</param>
public sealed record ReportModel(
    RunSpecification Specification,
    string SpecificationJson,
    Leaderboard Leaderboard,
    IReadOnlyList<GenerationRecord> History,
    EvaluationCounts Evaluations,
    IReadOnlyDictionary<string, IReadOnlyList<NoisePoint>> NoiseAxis,
    IReadOnlyDictionary<string, byte[]> Grids,
    byte[]? ReferenceGrid)
{
    /// <summary>Masks of the candidates whose skip policy decides per image, best first.</summary>
    public IReadOnlyList<SkipMaskSheet> Masks { get; init; } = [];

    /// <summary>Scores prompt by prompt; null where the run has none.</summary>
    public PromptSheet? Prompts { get; init; }

    /// <summary>The winner's numbers; null where it has none of its own.</summary>
    public SamplerSheet? Sampler { get; init; }
}

/// <summary>One step of a schedule on the noise axis.</summary>
/// <param name="Time">The model's own time.</param>
/// <param name="Ratio">Noise-to-signal ratio sigma / alpha.</param>
/// <param name="Dropped">Number of blocks left out.</param>
/// <param name="Reused">Whether the last network output is used instead of a call.</param>
public sealed record NoisePoint(double Time, double Ratio, int Dropped, bool Reused);
