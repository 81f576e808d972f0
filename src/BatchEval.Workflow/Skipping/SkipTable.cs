using BatchEval.Core.Search.Skipping;

namespace BatchEval.Workflow.Skipping;

/// <summary>One method in a comparison at equal network calls.</summary>
/// <param name="Threshold">Calibrated threshold, or null where there is none.</param>
/// <param name="Measurement">What it does to the images.</param>
public sealed record SkipTableRow(string Method, double? Threshold, SkipMeasurement Measurement);

/// <summary>
/// Ways to spend fewer network calls, side by side: the skip rules with hold and extrapolation, calibrated on samples of their own, fewer
/// steps of the same solver, and reuse at every other step.
/// </summary>
/// <param name="calibration">Samples that thresholds are chosen on.</param>
/// <param name="test">Other samples, that everything is measured on.</param>
public sealed class SkipTable(SkipBench calibration, SkipBench test)
{
    private const int Thresholds = 11;

    /// <summary>Measures all methods.</summary>
    /// <param name="calls">Network calls per image.</param>
    /// <param name="fewer">The same solver with fewer steps, at about as many calls.</param>
    /// <param name="policies">Rules without their thresholds, by name.</param>
    /// <param name="progress">Told about every finished row.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    public IReadOnlyList<SkipTableRow> Measure(
        double calls, Candidate fewer, IReadOnlyList<(string Name, SkipPolicy Policy)> policies, Action<SkipTableRow>? progress = null, CancellationToken cancellation = default)
    {
        var rows = new List<SkipTableRow>();
        // Warms the networks up, so that the first row's time is as fair as the others'.
        _ = calibration.Measure(calibration.Full, cancellation);
        Add($"{test.Full.Steps.Count} steps", null, test.Full);
        Add($"{fewer.Steps.Count} steps", null, fewer);
        var everyOther = Enumerable.Range(0, test.Full.Steps.Count).Where(k => k % 2 == 1).ToList();
        foreach (var order in policies.Select(p => p.Policy.Order).Distinct().Order())
        {
            Add($"every other step, {Name(order)}", null, test.Variant(order == 0 ? null : new SkipPolicy(0, order: order), everyOther));
        }

        foreach (var (name, policy) in policies)
        {
            var found = new SkipCalibrator(calibration).Calibrate(policy, new SkipTarget(SkipTargetKind.NetworkCalls, calls), Thresholds, cancellation: cancellation);
            Add($"{name}, {Name(policy.Order)}", found.Policy.Threshold, test.Variant(found.Policy));
        }

        return rows;

        void Add(string method, double? threshold, Candidate candidate)
        {
            rows.Add(new SkipTableRow(method, threshold, test.Measure(candidate, cancellation)));
            progress?.Invoke(rows[^1]);
        }
    }

    private static string Name(int order) => order == 0 ? "hold" : $"order {order}";
}
