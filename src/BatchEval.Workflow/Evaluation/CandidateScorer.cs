using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;

namespace BatchEval.Workflow.Evaluation;

/// <summary>Puts a candidate's shards together into its scores.</summary>
/// <param name="metrics">What is minimised and what is measured besides.</param>
/// <param name="costs">What the model costs, or null where that is unknown.</param>
/// <param name="guided">True where every call evaluates the network twice.</param>
public sealed class CandidateScorer(OpenedModel model, MeasuredMetrics metrics, CostModel? costs = null, bool guided = false)
{
    /// <summary>Scores a candidate.</summary>
    /// <param name="shards">Results of its shards, in sample order, with what the metrics need.</param>
    /// <param name="final">True to compute everything, false for the objective alone.</param>
    /// <param name="control">Control variate of the moments of the features, or null.</param>
    public CandidateScore Score(Entry entry, IReadOnlyList<ShardResult> shards, bool final, ControlledMoments? control = null)
    {
        var cost = costs?.Of(entry.Candidate, guided);
        var score = new CandidateScore
        {
            Id = entry.Candidate.ShortId,
            Name = entry.Name,
            Role = entry.Role,
            Candidate = entry.Candidate,
            NetworkCalls = Math.Round(CallShare(entry.Candidate) * shards.SelectMany(c => c.NetworkCalls).Average(), 4),
            Macs = cost?.Macs,
            Milliseconds = cost is { Milliseconds: > 0 } ? Math.Round(cost.Milliseconds, 4) : null,
            PeakBytes = cost?.PeakBytes,
            Objective = double.PositiveInfinity,
            NetworkCallsPerImage = entry.Candidate.Skip is null ? null : ScoreDistribution.Of(shards.SelectMany(c => c.NetworkCalls).Select(n => (double)n)),
        };
        if (shards.FirstOrDefault(c => c.Failure is not null)?.Failure is { } failure)
        {
            return score with { Failure = failure };
        }

        var wanted = final ? metrics.All : [.. metrics.All.Where(m => m.IsPaired), .. metrics.Objective.IsPaired ? Array.Empty<Metric>() : [metrics.Objective]];
        var sets = SetsOf(model, shards, wanted, final, final ? null : control);
        var reason = "it was not measured.";
        var measured = Measure(wanted, shards, sets, final, (metric, why) => reason = metric == metrics.Objective ? why ?? reason : reason);
        return Judge(score with { Metrics = measured }, reason);
    }

    /// <summary>Measures images.</summary>
    /// <param name="shards">Results in sample order, with what the metrics need.</param>
    /// <param name="perImage">Whether it is wanted how values per image are spread.</param>
    /// <param name="without">Told which metrics cannot be computed, and why.</param>
    public static IReadOnlyDictionary<string, MetricValue> Measure(
        IReadOnlyList<Metric> wanted, IReadOnlyList<ShardResult> shards, SampleSets sets, bool perImage, Action<Metric, string?>? without = null)
    {
        var measured = new SortedDictionary<string, MetricValue>(StringComparer.Ordinal);
        foreach (var metric in wanted)
        {
            var outcome = metric.Reduce is not null ? OfImages(metric, shards) : MetricCatalog.Compute(metric, sets);
            if (outcome.Score is { } found && !double.IsNaN(found.Value))
            {
                measured[metric.Key] = new MetricValue
                {
                    Value = found.Value,
                    Error = double.IsFinite(found.StandardError) ? found.StandardError : null,
                    Samples = (int)found.SampleCount,
                    PerImage = perImage && metric.IsPerImage ? ScoreDistribution.Of(PerImageOf(metric, shards).Select(v => Math.Min(v, metric.Cap))) : null,
                };
            }
            else
            {
                without?.Invoke(metric, outcome.Reason);
            }
        }

        return measured;
    }

    /// <summary>The part that a search works with.</summary>
    public static ScoredCandidate ToSearch(CandidateScore score, int samples) =>
        new ScoredCandidate(score.Candidate, score.Objective, score.ObjectiveError, samples, score.Failure);

    /// <summary>The control variate that a candidate's features on few and on many samples make.</summary>
    public static ControlledMoments Control(IReadOnlyList<ShardResult> few, IReadOnlyList<ShardResult> many)
    {
        return new(MomentsOf(few), MomentsOf(many));

        GaussianStatistics MomentsOf(IReadOnlyList<ShardResult> shards) => MomentAccumulator.Of(Join(shards, c => c.Features)!).ToStatistics();
    }

    /// <summary>What metrics of sets are computed from.</summary>
    /// <param name="withErrors">A search compares values only; standard errors are for scores that people see.</param>
    /// <param name="control">Control variate of the moments, or null.</param>
    /// <param name="reference">Images to compare with in place of the package's, or null.</param>
    public static SampleSets SetsOf(
        OpenedModel model, IReadOnlyList<ShardResult> shards, IReadOnlyList<Metric> wanted, bool withErrors, ControlledMoments? control = null, ReferenceSet? reference = null) => new()
    {
        Features = Join(shards, c => c.Features),
        Logits = Join(shards, c => c.Logits),
        Reference = reference is null ? model.Training : reference.Statistics,
        HeldOut = model.HeldOut,
        SecondFeatures = Join(shards, c => c.Judged?.SecondFeatures),
        SecondReference = shards.All(c => c.Judged?.SecondFeatures is not null) ? model.Second?.Reference : null,
        ReferenceFeatures = wanted.Any(m => m.Needs.HasFlag(MetricNeeds.ReferenceFeatures)) ? reference?.Features ?? model.ReferenceFeatures : null,
        Threads = Environment.ProcessorCount,
        WithErrors = withErrors,
        Control = control,
    };

    // Rows of all shards one below the other, or null where a shard has none.
    internal static FeatureMatrix? Join(IReadOnlyList<ShardResult> shards, Func<ShardResult, float[]?> rows)
    {
        if (shards.Any(c => rows(c) is null))
        {
            return null;
        }

        float[] all = [.. shards.SelectMany(c => rows(c)!)];
        var count = shards.Sum(c => c.Range.Count);
        return new FeatureMatrix(all, count, all.Length / count);
    }

    private static MetricOutcome OfImages(Metric metric, IReadOnlyList<ShardResult> shards)
    {
        double[] values = [.. PerImageOf(metric, shards)];
        return values.Length == 0 ? MetricOutcome.Without(metric.IsPaired ? "there is nothing to compare with image by image." : "nothing was measured image by image.") : metric.Reduce!(values, [.. values.Select(_ => 1)]);
    }

    private static IEnumerable<double> PerImageOf(Metric metric, IReadOnlyList<ShardResult> shards) => shards.SelectMany(c => c.PerImage(metric.PerImageOf ?? metric.Key) ?? []);

    // A call that makes one evaluation where others make two counts as a half.
    private double CallShare(Candidate candidate) => !guided || !candidate.HasGuidance || model.Sampling.Manifest.EmbedsGuidance ? 1
        : candidate.Steps.Where(s => !s.Reuse).Average(s => s.Guidance == StepGuidance.Full ? 1 : 0.5);

    private CandidateScore Judge(CandidateScore score, string reason) => score.Of(metrics.Objective.Key) is { Value: { } value } found && double.IsFinite(value)
        ? score with { Objective = metrics.Objective.ToObjective(value), ObjectiveError = found.Error ?? 0 }
        : score with { Failure = $"The objective '{metrics.Objective.Key}' could not be computed: {reason}" };
}
