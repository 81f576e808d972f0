using BatchEval.Core.Search.Skipping;

namespace BatchEval.Workflow.Skipping;

/// <summary>Finds the skip threshold for a target, on a model, a solver and a sample set.</summary>
public sealed class SkipCalibrator(SkipBench bench)
{
    /// <summary>Calibrates a policy.</summary>
    /// <param name="template">The policy whose threshold is to be found; its own threshold does not matter.</param>
    /// <param name="most">Most thresholds to measure.</param>
    /// <param name="progress">Told about every measured threshold.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    /// <exception cref="ProblemException">The target cannot be met or measured; the message says what can be.</exception>
    public SkipCalibration Calibrate(
        SkipPolicy template, SkipTarget target, int most = 16, Action<SkipTrial>? progress = null, CancellationToken cancellation = default)
    {
        var search = new ThresholdSearch(target, most: most);
        var measured = new Dictionary<double, SkipMeasurement>();
        while (search.Next is { } threshold)
        {
            var measurement = bench.Measure(bench.Variant(template.WithThreshold(threshold)), cancellation);
            if (measurement.Failure is { } failure)
            {
                throw new ProblemException($"Sampling failed at threshold {threshold:G4}: {failure}");
            }

            measured[threshold] = measurement;
            search.Observe(measurement.MeanCalls, Value(measurement, target));
            progress?.Invoke(search.Trials[^1]);
        }

        return search.Best is { } best
            ? new SkipCalibration(template.WithThreshold(best.Threshold), target, measured[best.Threshold], search.Trials, search.IsMonotone)
            : throw new ProblemException(Unreachable(target, search.Trials));
    }

    private static double Value(SkipMeasurement measurement, SkipTarget target) => target.Kind switch
    {
        SkipTargetKind.NetworkCalls => measurement.MeanCalls,
        SkipTargetKind.Milliseconds => measurement.Milliseconds,
        _ => measurement.Metrics.GetValueOrDefault(target.Metric!.Key)?.Value,
    }
    ?? throw new ProblemException($"The target '{target}' cannot be measured on this model.");

    private static string Unreachable(SkipTarget target, IReadOnlyList<SkipTrial> trials)
    {
        var (low, high) = (trials.Min(t => t.Value), trials.Max(t => t.Value));
        return FormattableString.Invariant(
            $"No threshold meets '{target}': measured values reach from {low:G5} to {high:G5}. Warm-up, guard and the most consecutive skips limit the speed; skipping at all limits the quality.");
    }
}

/// <summary>A calibrated policy and what it achieves.</summary>
/// <param name="Achieved">What was measured with it, on the calibration samples.</param>
/// <param name="Trials">Every measured threshold.</param>
/// <param name="IsMonotone">Whether larger thresholds never cost more calls.</param>
public sealed record SkipCalibration(SkipPolicy Policy, SkipTarget Target, SkipMeasurement Achieved, IReadOnlyList<SkipTrial> Trials, bool IsMonotone);
