using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Search.Skipping;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Skipping;

/// <summary>
/// Finds greedy optimal skip paths of samples. All tries of a round go through the engine together, so that a try that skips step j begins
/// where the path itself stands before step j: its steps before j are computed once per sample and round, and only the rest is its own.
/// </summary>
/// <param name="order">Order by which skipped outputs are extrapolated.</param>
public sealed class SkipPathFinder(SkipBench bench, int order)
{
    /// <summary>Finds the paths of all samples of the bench.</summary>
    /// <param name="progress">Told after every round how many steps are skipped.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    public SkipPaths Find(int skips, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        var steps = bench.Full.Steps.Count;
        GreedySkipPath[] paths = [.. Enumerable.Range(0, bench.Count).Select(_ => new GreedySkipPath(steps, skips))];
        var evaluations = (long)bench.Full.NetworkCalls * bench.Count;
        while (!paths[0].IsDone)
        {
            var open = paths[0].Open.Count;
            var work = paths.SelectMany((path, sample) => path.Open.Select(step => (Planned([.. path.Skipped, step]), sample))).ToList();
            var (results, made) = bench.Run(work, cancellation);
            evaluations += made;
            for (var i = 0; i < paths.Length; i++)
            {
                paths[i].Observe([.. results.AsSpan(i * open, open).ToArray().Select(r => Error(r.Image, bench.FullStates[i], r.Failure))]);
            }

            progress?.Invoke(paths[0].Skipped.Count);
        }

        return new SkipPaths(paths, evaluations, paths.Sum(p => p.NaiveCalls) * bench.Full.NetworkCalls / steps);
    }

    /// <summary>
    /// Compares a run-time rule with greedy paths at a number of skips: the rule's threshold is the one at which it skips that many steps on
    /// average over the same samples.
    /// </summary>
    /// <param name="paths">Greedy paths of all samples of the bench.</param>
    /// <param name="skips">Number of skips, at most those of the paths.</param>
    /// <param name="template">The rule without its threshold.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    public SkipComparison Compare(SkipPaths paths, int skips, SkipPolicy template, CancellationToken cancellation = default)
    {
        var steps = bench.Full.Steps.Count;
        var target = new SkipTarget(SkipTargetKind.NetworkCalls, (double)(steps - skips) * bench.Full.NetworkCalls / steps);
        var rule = new SkipCalibrator(bench).Calibrate(template, target, cancellation: cancellation);
        IReadOnlyList<bool>[] estimated = [.. rule.Achieved.Masks.Select(m => StepsOf(StepMask.Read(m), steps))];
        IReadOnlyList<bool>[] optimal = [.. paths.Samples.Select(p => p.Mask(skips))];
        var greedy = bench.Run([.. paths.Samples.Select((p, i) => (Planned(p.Skipped.Take(skips)), i))], cancellation).Results;
        return new SkipComparison(
            skips, rule, SkipAgreement.Of(estimated, optimal), SkipAgreement.Of(estimated, optimal, template.Warmup),
            bench.Errors(rule.Achieved.Candidate, cancellation).Average(), greedy.Select((r, i) => Error(r.Image, bench.FullStates[i], r.Failure)).Average(), bench.Score(greedy).Metrics);
    }

    /// <summary>The candidate that skips given steps by plan.</summary>
    private Candidate Planned(IEnumerable<int> skipped) => bench.Variant(order == 0 ? null : new SkipPolicy(0, order: order), skipped);

    // A step of several rows runs or rests as a whole; its first row tells.
    private static bool[] StepsOf(bool[] rows, int steps)
    {
        var perStep = (rows.Length + steps - 1) / steps;
        return [.. Enumerable.Range(0, steps).Select(k => rows[k * perStep])];
    }

    /// <summary>Mean absolute difference of final states.</summary>
    internal static double Error(float[] image, float[] full, string? failure) =>
        failure is null ? image.Zip(full, (a, b) => Math.Abs((double)a - b)).Average() : double.PositiveInfinity;
}

/// <summary>Greedy optimal skip paths and what finding them cost.</summary>
/// <param name="Samples">One path per sample.</param>
/// <param name="Evaluations">Network evaluations made, the unaccelerated images included.</param>
/// <param name="NaiveEvaluations">Network evaluations of the same search when every try runs from the start.</param>
public sealed record SkipPaths(IReadOnlyList<GreedySkipPath> Samples, long Evaluations, long NaiveEvaluations);

/// <summary>A run-time rule against greedy paths of the same samples.</summary>
/// <param name="Skips">Skips of each greedy path.</param>
/// <param name="Rule">The rule, calibrated to as many skips on average.</param>
/// <param name="All">Agreement over all steps.</param>
/// <param name="AfterWarmup">Agreement over the steps that the rule may skip.</param>
/// <param name="RuleError">Mean absolute difference of the rule's final states to the unaccelerated ones.</param>
/// <param name="GreedyError">The same for the greedy paths.</param>
/// <param name="GreedyMetrics">What the bench measures, of the greedy paths' images.</param>
public sealed record SkipComparison(
    int Skips, SkipCalibration Rule, SkipAgreement All, SkipAgreement AfterWarmup, double RuleError, double GreedyError,
    IReadOnlyDictionary<string, MetricValue> GreedyMetrics);
