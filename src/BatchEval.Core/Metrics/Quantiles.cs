namespace BatchEval.Core.Metrics;

/// <summary>Sample quantiles by linear interpolation between order statistics (Hyndman and Fan's type 7; numpy's default).</summary>
public static class Quantiles
{
    /// <summary>One quantile.</summary>
    /// <param name="values">At least one number; none NaN. Not changed.</param>
    /// <param name="probability">0 (minimum) to 1 (maximum).</param>
    public static double Of(ReadOnlySpan<double> values, double probability) => Of(values, [probability])[0];

    /// <summary>Several quantiles with one sort.</summary>
    /// <param name="values">At least one number; none NaN. Not changed.</param>
    /// <param name="probabilities">Each 0 to 1.</param>
    public static double[] Of(ReadOnlySpan<double> values, ReadOnlySpan<double> probabilities)
    {
        if (values.IsEmpty) throw new ArgumentException("A quantile needs at least one number.", nameof(values));
        var sorted = values.ToArray();
        Array.Sort(sorted);
        if (double.IsNaN(sorted[0])) throw new ArgumentException("A quantile of NaN is not defined; remove failed samples first.", nameof(values));
        var quantiles = new double[probabilities.Length];
        for (var i = 0; i < quantiles.Length; i++)
        {
            if (!(probabilities[i] >= 0 && probabilities[i] <= 1))
                throw new ArgumentOutOfRangeException(nameof(probabilities), probabilities[i], "A probability is from 0 to 1.");
            var position = probabilities[i] * (sorted.Length - 1);
            var below = (int)position;
            var above = Math.Min(below + 1, sorted.Length - 1);
            var fraction = position - below;
            quantiles[i] = fraction == 0 ? sorted[below] : sorted[below] + (fraction * (sorted[above] - sorted[below]));
        }

        return quantiles;
    }
}
