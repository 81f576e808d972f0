using System.Numerics;

namespace BatchEval.Core.Sampling.Skipping;

/// <summary>
/// The skip rule of AdaptiveDiffusion (arXiv 2410.09873) as a state machine of one sample: <see cref="Decide"/> before each step,
/// <see cref="Observe"/> with the latent after it. Nothing is shared between samples.
/// <para><c>tensor</c> (the paper): skip the next step while ||third difference|| &lt; threshold * ||previous first difference||,
/// Euclidean norms of the sample's latents, the start state being the first of them; at most <see cref="SkipPolicy.MaxConsecutive"/> in a row.</para>
/// <para><c>adaptive-released</c> (the official code): with d_k = mean |x_k - x_(k-1)|, skip while
/// |(d_k + d_(k-2)) / 2 - d_(k-1)| &lt;= threshold * d_(k-1); the forced refresh applies only once more than four decisions were made, so
/// that up to five skips follow each other right after warm-up.</para>
/// <para><c>output</c> (ours, not published): whenever the network ran, e = ||output - what the cache would have given|| / ||output|| is
/// measured, g steps after the output before; with r = e / g^(order + 1), the growth law of the extrapolation, the n-th step in a row is
/// skipped while r * n^(order + 1) &lt; threshold.</para>
/// <para>Ours too: the decision is per sample, the last <see cref="SkipPolicy.Guard"/> steps are computed, and
/// <see cref="SkipPolicy.MaxCalls"/> refuses a call whenever the rest would not suffice for the guard and one call in
/// <see cref="SkipPolicy.MaxConsecutive"/> + 1 free steps.</para>
/// </summary>
/// <typeparam name="T">Element type of latents.</typeparam>
internal sealed class SkipDecider<T>
    where T : unmanaged, INumberBase<T>
{
    // The release refreshes only "if len(mask) > 4".
    private const int ReleasedGrace = 4;

    private readonly SkipPolicy policy;
    private readonly int steps;
    private readonly LatentChange<T> change;
    private int step;
    private int decisions;
    private int skippedInRow;
    private int budget;
    private int gap = 1;
    private double missRate = double.NaN;

    /// <summary>Begins a sample.</summary>
    /// <param name="policy">The rule's parameters.</param>
    /// <param name="start">The state that sampling starts from.</param>
    /// <param name="maxComputed">Most steps to compute, or null for no limit.</param>
    public SkipDecider(SkipPolicy policy, int steps, ReadOnlySpan<T> start, int? maxComputed = null)
    {
        (this.policy, this.steps) = (policy, steps);
        budget = maxComputed ?? int.MaxValue;
        change = new LatentChange<T>(policy.Criterion == SkipCriterion.Tensor);
        change.Observe(start);
    }

    /// <summary>Whether the network runs at the step that comes next.</summary>
    /// <param name="planned">False where the candidate itself reuses an output there; that counts as a skip.</param>
    public bool Decide(bool planned = true)
    {
        var warm = step < policy.Warmup;
        var run = planned && (warm || step >= steps - policy.Guard || ((IsForced() || !IsCalm()) && Affords()));
        decisions += warm ? 0 : 1;
        gap = skippedInRow + 1;
        skippedInRow = run ? 0 : skippedInRow + 1;
        budget -= run && budget != int.MaxValue ? 1 : 0;
        step++;
        return run;
    }

    /// <summary>Whether <see cref="ObserveMiss"/> is wanted.</summary>
    public bool WantsMisses => policy.Criterion == SkipCriterion.Output;

    /// <summary>Takes in by how much the output of the step that was decided last missed what the cache would have given, relative to its norm.</summary>
    public void ObserveMiss(double relative) => missRate = relative / Growth(gap);

    /// <summary>Takes in the latent after the step that was decided last.</summary>
    public void Observe(ReadOnlySpan<T> latent)
    {
        if (policy.Criterion != SkipCriterion.Output)
        {
            change.Observe(latent);
        }
    }

    private bool IsForced() => policy.Criterion == SkipCriterion.Released
        ? decisions > ReleasedGrace && skippedInRow >= Math.Min(policy.MaxConsecutive, decisions)
        : skippedInRow >= policy.MaxConsecutive;

    // NaN, as long as there are too few latents, is not calm.
    private bool IsCalm() => policy.Criterion switch
    {
        SkipCriterion.Released => Math.Abs(((change.Mean(0) + change.Mean(2)) / 2) - change.Mean(1)) <= change.Mean(1) * policy.Threshold,
        SkipCriterion.Output => missRate * Growth(skippedInRow + 1) < policy.Threshold,
        _ => change.ThirdNorm < policy.Threshold * change.PreviousNorm,
    };

    private double Growth(int distance) => Math.Pow(distance, policy.Order + 1);

    private bool Affords()
    {
        var freeAfter = steps - policy.Guard - step - 1;
        return budget - 1 >= policy.Guard + (freeAfter / (policy.MaxConsecutive + 1));
    }
}
