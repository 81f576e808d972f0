using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>
/// Frechet distance with a standard error by the delete-a-group jackknife (Kott 2001): se^2 = (G - 1) / G sum (theta_g - mean theta)^2, where
/// theta_g leaves out group g. Sample i is in group i mod G, at every n and for every candidate, so that errors are comparable and reproducible.
/// The reference counts as fixed: its own sampling error is not included.
/// </summary>
public static class FrechetJackknife
{
    /// <summary>Default number of groups.</summary>
    public const int DefaultGroups = 10;

    /// <summary>As many groups as that for this many samples, with at least two samples in each; null where there are too few for an error.</summary>
    public static int? GroupsFor(long samples) => samples < 4 ? null : (int)Math.Min(DefaultGroups, samples / 2);

    /// <summary>Distance and error for features that are at hand.</summary>
    /// <param name="reference">The reference; its degree of parallelism is used.</param>
    /// <param name="features">Rows in the order of the sample index; at least two per group.</param>
    /// <param name="groups">G, at least 2.</param>
    public static ScoreWithError Estimate(FrechetReference reference, FeatureMatrix features, int groups = DefaultGroups)
    {
        reference.RequireDimensions(features.Dimensions);
        RequireGroups(groups, features.Count);
        if (!reference.UsesGramRoute(features.Count)) return Estimate(reference, Split(features, groups, reference.DegreeOfParallelism));
        var value = reference.DistanceByGram(features);
        var subsets = new FrechetGramSubsets(reference, features);
        var leftOut = new double[groups];
        ParallelLoop.Run(groups, reference.DegreeOfParallelism, g =>
            leftOut[g] = subsets.DistanceOf(Enumerable.Range(0, features.Count).Where(i => i % groups != g).ToArray()));
        return Result(value, leftOut, features.Count, "Gram route");
    }

    /// <summary>Distance and error from the moments of each group, which may have been collected by different machines.</summary>
    /// <param name="reference">The reference; its degree of parallelism is used.</param>
    /// <param name="groups">One set of moments per group, at least 2 groups; all samples of index i mod G = g are in group g.</param>
    public static ScoreWithError Estimate(FrechetReference reference, IReadOnlyList<GaussianMoments> groups)
    {
        RequireGroups(groups.Count, groups.Sum(group => group.Count));
        var all = GaussianMoments.MergeAll(groups);
        var value = reference.DistanceTo(all.ToStatistics());
        var leftOut = new double[groups.Count];
        ParallelLoop.Run(groups.Count, reference.DegreeOfParallelism, g => leftOut[g] = reference.DistanceTo(all.Without(groups[g]).ToStatistics(), 1));
        return Result(value, leftOut, all.Count, "covariance route");
    }

    private static GaussianMoments[] Split(FeatureMatrix features, int groups, int degreeOfParallelism)
    {
        var moments = new GaussianMoments[groups];
        for (var g = 0; g < groups; g++)
        {
            var accumulator = new MomentAccumulator(features.Dimensions, g, degreeOfParallelism);
            for (var i = g; i < features.Count; i += groups) accumulator.Add(features.Row(i));
            moments[g] = accumulator.ToMoments();
        }

        return moments;
    }

    private static ScoreWithError Result(double value, double[] leftOut, long count, string route)
    {
        var groups = leftOut.Length;
        var mean = leftOut.Average();
        var variance = leftOut.Sum(theta => (theta - mean) * (theta - mean)) * (groups - 1) / groups;
        return new ScoreWithError(value, Math.Sqrt(variance), count, $"Frechet distance, {route}; standard error by delete-a-group jackknife, {groups} groups by sample index");
    }

    private static void RequireGroups(int groups, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 2);
        if (count < 2L * groups)
            throw new ArgumentException($"A jackknife with {groups} groups needs at least {2 * groups} samples; there are {count}. Use fewer groups or more samples.");
    }
}
