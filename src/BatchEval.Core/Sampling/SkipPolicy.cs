namespace BatchEval.Core.Sampling;

/// <summary>How the run-time skip rule measures change.</summary>
public enum SkipCriterion
{
    /// <summary>Norm of the third difference of the latents against the norm of the first (AdaptiveDiffusion, paper).</summary>
    Tensor,

    /// <summary>Second difference of mean absolute latent steps, halved (AdaptiveDiffusion, released code).</summary>
    Released,
}

/// <summary>Decides per sample, while sampling, whether a network call is replaced by what earlier calls gave.</summary>
public sealed record SkipPolicy
{
    /// <summary>Creates a policy.</summary>
    /// <exception cref="ArgumentException">A value outside its range; the message names it.</exception>
    public SkipPolicy(double threshold, int maxConsecutive = 4, int warmup = 4, int order = 0, int guard = 0, SkipCriterion criterion = SkipCriterion.Tensor)
    {
        Require(threshold >= 0 && double.IsFinite(threshold), nameof(threshold), threshold, "a finite number of at least 0");
        Require(maxConsecutive >= 1, nameof(maxConsecutive), maxConsecutive, "at least 1 (leave the policy out to skip nothing)");
        Require(warmup >= 3, nameof(warmup), warmup, "at least 3, the steps a third difference needs");
        Require(order is >= 0 and <= 3, nameof(order), order, "0 (hold) to 3");
        Require(guard >= 0, nameof(guard), guard, "at least 0");
        (Threshold, MaxConsecutive, Warmup, Order, Guard, Criterion) = (threshold, maxConsecutive, warmup, order, guard, criterion);
    }

    /// <summary>Skip while the criterion stays at or below this; at least 0.</summary>
    public double Threshold { get; }

    /// <summary>Most network calls left out in a row; at least 1.</summary>
    public int MaxConsecutive { get; }

    /// <summary>First steps that are always computed.</summary>
    public int Warmup { get; }

    /// <summary>Polynomial order by which a skipped output is extrapolated; 0 holds the last one.</summary>
    public int Order { get; }

    /// <summary>Last steps that are always computed.</summary>
    public int Guard { get; }

    /// <summary>The measure of change.</summary>
    public SkipCriterion Criterion { get; }

    private static void Require(bool holds, string name, object value, string allowed)
    {
        if (!holds)
        {
            throw new ArgumentException($"skip.{name} is {value}; allowed: {allowed}.", name);
        }
    }
}
