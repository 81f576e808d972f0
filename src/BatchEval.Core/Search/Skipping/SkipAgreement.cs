using BatchEval.Core.Metrics;

namespace BatchEval.Core.Search.Skipping;

/// <summary>
/// How far a rule's skips agree with optimal ones: the 2 x 2 table over steps, summed over samples, with Pearson's chi-square against
/// independence (one degree of freedom). Steps of one path are not independent draws, so the p-value ranks rules rather than proves them.
/// </summary>
/// <param name="RuleOnly">Steps that only the rule skips.</param>
/// <param name="OptimalOnly">Steps that only the optimal path skips.</param>
public sealed record SkipAgreement(int BothSkip, int RuleOnly, int OptimalOnly, int BothCompute)
{
    /// <summary>Compares masks (true: the network ran) sample by sample.</summary>
    /// <param name="optimal">Masks of the optimal paths of the same samples.</param>
    /// <param name="warmup">First steps left out of the comparison, because the rule never skips them.</param>
    public static SkipAgreement Of(IReadOnlyList<IReadOnlyList<bool>> rule, IReadOnlyList<IReadOnlyList<bool>> optimal, int warmup = 0)
    {
        if (rule.Count != optimal.Count || rule.Zip(optimal).Any(p => p.First.Count != p.Second.Count))
        {
            throw new ArgumentException("Both sides need masks of the same samples over the same steps.", nameof(optimal));
        }

        var pairs = rule.Zip(optimal).SelectMany(p => p.First.Zip(p.Second).Skip(warmup)).ToList();
        int Count(bool ruleRuns, bool optimalRuns) => pairs.Count(p => p.First == ruleRuns && p.Second == optimalRuns);
        return new SkipAgreement(Count(false, false), Count(false, true), Count(true, false), Count(true, true));
    }

    /// <summary>Skips of the optimal paths that the rule would have by chance, given how many each skips.</summary>
    public double ExpectedBothSkip => (double)(BothSkip + RuleOnly) * (BothSkip + OptimalOnly) / Math.Max(1, BothSkip + RuleOnly + OptimalOnly + BothCompute);

    /// <summary>The test; null when one side skips everything or nothing, so that there is nothing to compare.</summary>
    public ChiSquareResult? Test() =>
        (BothSkip + RuleOnly) * (OptimalOnly + BothCompute) == 0 || (BothSkip + OptimalOnly) * (RuleOnly + BothCompute) == 0
            ? null
            : ChiSquareTest.TwoByTwo(BothSkip, RuleOnly, OptimalOnly, BothCompute);
}
