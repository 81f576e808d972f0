namespace BatchEval.Workflow.Evaluation;

/// <summary>A finished run's <c>leaderboard.json</c>. Holds nothing that depends on when or where it was computed.</summary>
/// <param name="Run">Id of the run.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Objective">Metric that was minimised.</param>
/// <param name="Best">The winner: best searched or given candidate.</param>
/// <param name="Baselines">Baselines, best first.</param>
/// <param name="Others">Other scored candidates, best first.</param>
/// <param name="Protocol">How the scores were made, for people who compare numbers.</param>
public sealed record Leaderboard(
    string Run,
    ulong Seed,
    string Objective,
    CandidateScore? Best,
    IReadOnlyList<CandidateScore> Baselines,
    IReadOnlyList<CandidateScore> Others,
    EvaluationProtocol Protocol)
{
    /// <summary>Everybody, best first; ties by id.</summary>
    public IReadOnlyList<CandidateScore> Ranked() =>
        [.. Baselines.Concat(Others).Concat(Best is null ? [] : [Best]).OrderBy(s => s.Objective).ThenBy(s => s.Id, StringComparer.Ordinal)];

    /// <summary>The candidates that no other one beats in both network calls and objective.</summary>
    public static IEnumerable<CandidateScore> Pareto(IEnumerable<CandidateScore> scores)
    {
        var best = double.PositiveInfinity;
        foreach (var score in scores.OrderBy(s => s.NetworkCalls).ThenBy(s => s.Objective).ThenBy(s => s.Id, StringComparer.Ordinal))
        {
            if (score.Objective < best)
            {
                best = score.Objective;
                yield return score;
            }
        }
    }
}

/// <summary>How the scores of a run were made.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="ModelDigest">Digest of its package.</param>
/// <param name="FeatureNetwork">Feature network, layer and preprocessing.</param>
/// <param name="ReferenceImages">Images behind the training statistics.</param>
/// <param name="HeldOutImages">Images behind the held-out statistics.</param>
/// <param name="UnacceleratedSampler">The sampler that paired metrics compare with.</param>
/// <param name="GuidanceScale">Guidance scale.</param>
/// <param name="Samples">Where the samples of each stage begin and how many there are.</param>
/// <param name="StandardError">How standard errors were obtained.</param>
public sealed record EvaluationProtocol(
    string Model,
    string ModelDigest,
    string? FeatureNetwork,
    int? ReferenceImages,
    int? HeldOutImages,
    string UnacceleratedSampler,
    double GuidanceScale,
    string Samples,
    string StandardError);
