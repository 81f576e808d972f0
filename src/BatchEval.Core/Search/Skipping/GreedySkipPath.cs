namespace BatchEval.Core.Search.Skipping;

/// <summary>
/// The greedy optimal skip path of one sample, the reference that a run-time rule is judged by (AdaptiveDiffusion, section 3 and figure 5):
/// begin with every step computed; try each computed step as the next to skip, and keep the one whose final image differs least (mean
/// absolute difference) from the unaccelerated one; repeat. The first step is always computed. Pure: the caller runs the tries.
/// </summary>
public sealed class GreedySkipPath
{
    private readonly int steps;
    private readonly int wanted;
    private readonly List<int> skipped = [];
    private readonly List<double> errors = [];

    /// <summary>Begins a path.</summary>
    /// <param name="wanted">Number of steps to skip, less than <paramref name="steps"/>.</param>
    public GreedySkipPath(int steps, int wanted)
    {
        if (wanted < 1 || wanted >= steps)
        {
            throw new ArgumentOutOfRangeException(nameof(wanted), wanted, $"A path over {steps} steps can skip 1 to {steps - 1} of them.");
        }

        (this.steps, this.wanted) = (steps, wanted);
        NaiveCalls = steps;
    }

    /// <summary>Skipped steps in the order in which they were chosen; the first n are the path with n skips.</summary>
    public IReadOnlyList<int> Skipped => skipped;

    /// <summary>Final error after each choice.</summary>
    public IReadOnlyList<double> Errors => errors;

    /// <summary>True when as many steps are skipped as wanted.</summary>
    public bool IsDone => skipped.Count >= wanted;

    /// <summary>Steps to try next, each together with all of <see cref="Skipped"/>; ascending.</summary>
    public IReadOnlyList<int> Open => IsDone ? [] : [.. Enumerable.Range(1, steps - 1).Except(skipped)];

    /// <summary>Network steps that the same search costs when every try runs from the start: T + sum over tries of (T - skips).</summary>
    public long NaiveCalls { get; private set; }

    /// <summary>Takes in the final error of each try of <see cref="Open"/>.</summary>
    public void Observe(IReadOnlyList<double> finalErrors)
    {
        var open = Open;
        if (finalErrors.Count != open.Count || open.Count == 0)
        {
            throw new ArgumentException($"{open.Count} tries are open, but {finalErrors.Count} errors were given.", nameof(finalErrors));
        }

        NaiveCalls += (long)open.Count * (steps - skipped.Count - 1);
        var best = Enumerable.Range(0, open.Count).MinBy(i => (double.IsNaN(finalErrors[i]) ? double.PositiveInfinity : finalErrors[i], open[i]));
        skipped.Add(open[best]);
        errors.Add(finalErrors[best]);
    }

    /// <summary>Which steps are computed when the first <paramref name="skips"/> choices are skipped.</summary>
    public IReadOnlyList<bool> Mask(int skips)
    {
        var left = skipped.Take(skips).ToHashSet();
        return [.. Enumerable.Range(0, steps).Select(k => !left.Contains(k))];
    }
}
