namespace BatchEval.Core.Search.Skipping;

/// <summary>
/// Finds the skip threshold for a target by bisection of its logarithm. Calls and quality fall with the threshold only roughly, in steps, so
/// nothing is interpolated: the bracket always has one end that meets the target and one that does not, and the result is a threshold that
/// was measured and meets it: the slowest one for a speed target (closest to it), the one of fewest calls for a quality target.
/// </summary>
/// <param name="low">Smallest threshold to consider.</param>
/// <param name="high">Largest threshold to consider.</param>
/// <param name="most">Most thresholds to measure.</param>
public sealed class ThresholdSearch(SkipTarget target, double low = 1e-4, double high = 10, int most = 16)
{
    private const double Precision = 1.005;

    private readonly List<SkipTrial> trials = [];
    private double meets = double.NaN;
    private double fails = double.NaN;

    /// <summary>Everything measured, in order.</summary>
    public IReadOnlyList<SkipTrial> Trials => trials;

    /// <summary>The threshold to measure next, or null when the search has ended.</summary>
    public double? Next => trials.Count switch
    {
        0 => high,
        1 => IsDecidedAt(high) ? null : low,
        2 when double.IsNaN(meets) || double.IsNaN(fails) => null,
        _ => trials.Count >= most || Math.Max(meets, fails) <= Math.Min(meets, fails) * Precision ? null : Math.Sqrt(meets * fails),
    };

    /// <summary>The chosen trial, or null when no threshold meets the target.</summary>
    public SkipTrial? Best
    {
        get
        {
            var meeting = trials.Where(t => target.IsMetBy(t.Value));
            return target.IsSpeed ? meeting.MaxBy(t => (t.NetworkCalls, -t.Threshold)) : meeting.MinBy(t => (t.NetworkCalls, t.Threshold));
        }
    }

    /// <summary>False when some larger threshold cost more calls than a smaller one; the choice is still one that was measured.</summary>
    public bool IsMonotone
    {
        get
        {
            var calls = trials.OrderBy(t => t.Threshold).Select(t => t.NetworkCalls).ToList();
            return calls.Zip(calls.Skip(1)).All(p => p.Second <= p.First + 1e-9);
        }
    }

    /// <summary>Takes in what was measured at <see cref="Next"/>.</summary>
    public void Observe(double networkCalls, double value)
    {
        var threshold = Next ?? throw new InvalidOperationException("The search has ended; there is nothing to observe.");
        trials.Add(new SkipTrial(threshold, networkCalls, value));
        if (target.IsMetBy(value))
        {
            meets = threshold;
        }
        else
        {
            fails = threshold;
        }
    }

    // At the largest threshold a speed target is out of reach, or a quality target is met already.
    private bool IsDecidedAt(double threshold) => target.IsSpeed ? fails.Equals(threshold) : meets.Equals(threshold);
}
