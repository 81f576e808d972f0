namespace BatchEval.Core.Sampling;

/// <summary>How the run-time skip rule measures change.</summary>
public enum SkipCriterion
{
    /// <summary>Norm of the third difference of the latents against the norm of the first (AdaptiveDiffusion, paper); <c>tensor</c>.</summary>
    Tensor,

    /// <summary>Second difference of mean absolute latent steps, halved (AdaptiveDiffusion, released code); <c>adaptive-released</c>.</summary>
    Released,

    /// <summary>How far the last computed outputs missed what the cache would have given in their place (ours, not published); <c>output</c>.</summary>
    Output,
}

/// <summary>
/// Decides per sample, while sampling, whether a network call is replaced by what earlier calls gave
/// (AdaptiveDiffusion, arXiv 2410.09873; <see cref="Skipping.SkipDecider{T}"/> has the rules).
/// </summary>
public sealed record SkipPolicy
{
    private static readonly (SkipCriterion Criterion, string Name)[] Criteria =
        [(SkipCriterion.Tensor, "tensor"), (SkipCriterion.Released, "adaptive-released"), (SkipCriterion.Output, "output")];

    /// <summary>Creates a policy.</summary>
    /// <exception cref="ArgumentException">A value outside its range; the message names it.</exception>
    public SkipPolicy(
        double threshold, int maxConsecutive = 4, int warmup = 4, int order = 0, int guard = 0, SkipCriterion criterion = SkipCriterion.Tensor, int? maxCalls = null)
    {
        Require(threshold >= 0 && double.IsFinite(threshold), nameof(threshold), threshold, "a finite number of at least 0");
        Require(maxConsecutive >= 1, nameof(maxConsecutive), maxConsecutive, "at least 1 (leave the policy out to skip nothing)");
        Require(warmup >= 3, nameof(warmup), warmup, "at least 3, the steps a third difference needs");
        Require(order is >= 0 and <= 3, nameof(order), order, "0 (hold) to 3");
        Require(guard >= 0, nameof(guard), guard, "at least 0");
        Require(maxCalls is null or >= 1, nameof(maxCalls), maxCalls ?? 0, "at least 1 (leave it out for no limit)");
        (Threshold, MaxConsecutive, Warmup, Order, Guard, Criterion, MaxCalls) = (threshold, maxConsecutive, warmup, order, guard, criterion, maxCalls);
    }

    /// <summary>Skip while the criterion stays below this; at least 0. With 0 only steps marked <c>reuse</c> are left out.</summary>
    public double Threshold { get; }

    /// <summary>Most network calls left out in a row; at least 1.</summary>
    public int MaxConsecutive { get; }

    /// <summary>First steps that are always computed.</summary>
    public int Warmup { get; }

    /// <summary>Polynomial order by which a skipped output is extrapolated; 0 holds the last one. Holds for <c>reuse</c> steps too.</summary>
    public int Order { get; }

    /// <summary>Last steps that are always computed.</summary>
    public int Guard { get; }

    /// <summary>The measure of change.</summary>
    public SkipCriterion Criterion { get; }

    /// <summary>Hard limit of network calls per sample, or null. It outranks every other rule but warm-up and guard.</summary>
    public int? MaxCalls { get; }

    /// <summary>Names of all criteria in JSON and on command lines; the first is the default.</summary>
    public static IReadOnlyList<string> CriterionNames { get; } = [.. Criteria.Select(c => c.Name)];

    public string CriterionName => Criteria.Single(c => c.Criterion == Criterion).Name;

    /// <summary>The criterion of a name.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static SkipCriterion ParseCriterion(string name) => Criteria.FirstOrDefault(c => c.Name == name) is { Name: not null } found
        ? found.Criterion
        : throw new ArgumentException($"Unknown skip criterion '{name}'; allowed: {string.Join(", ", CriterionNames)}.", nameof(name));

    /// <summary>
    /// Fewest steps that warm-up, guard and <see cref="MaxConsecutive"/> leave room for:
    /// w + g + floor((T - w - g) / (C + 1)), or T when warm-up and guard meet.
    /// </summary>
    public int LeastComputed(int steps)
    {
        var free = steps - Warmup - Guard;
        return free <= 0 ? steps : Warmup + Guard + (free / (MaxConsecutive + 1));
    }

    /// <summary>The same policy with another threshold.</summary>
    public SkipPolicy WithThreshold(double threshold) => new(threshold, MaxConsecutive, Warmup, Order, Guard, Criterion, MaxCalls);

    private static void Require(bool holds, string name, object value, string allowed)
    {
        if (!holds)
        {
            throw new ArgumentException($"skip.{name} is {value}; allowed: {allowed}.", name);
        }
    }
}
