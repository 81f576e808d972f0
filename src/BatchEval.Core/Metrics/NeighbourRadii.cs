namespace BatchEval.Core.Metrics;

/// <summary>Squared distances of samples to their k-th nearest other sample of the same set.</summary>
internal static class NeighbourRadii
{
    /// <summary>The (k + 1)-th smallest squared distance of each row to all rows, itself (distance 0) included: torch-fidelity's <c>kthvalue(k+1)</c>.</summary>
    public static double[] Squared(FeatureMatrix x, int k, int degreeOfParallelism)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        if (x.Count <= k) throw new ArgumentException($"The distance to the {k}-th neighbour needs at least {k + 1} samples; there are {x.Count}.", nameof(k));
        var radii = new double[x.Count];
        PairwiseProducts.SquaredDistances(x, x, degreeOfParallelism, (i, row) => radii[i] = KthSmallest(row, k));
        return radii;
    }

    /// <summary>The element that k others do not exceed, k counted from 0.</summary>
    private static double KthSmallest(ReadOnlySpan<double> values, int k)
    {
        Span<double> smallest = k < 64 ? stackalloc double[k + 1] : new double[k + 1];
        smallest.Fill(double.PositiveInfinity);
        foreach (var value in values)
        {
            if (value >= smallest[k]) continue;
            var at = k;
            for (; at > 0 && smallest[at - 1] > value; at--) smallest[at] = smallest[at - 1];
            smallest[at] = value;
        }

        return smallest[k];
    }
}
