using MathNet.Numerics;

namespace BatchEval.Core.Metrics;

/// <summary>Result of a chi-square test.</summary>
/// <param name="Statistic">chi^2, at least 0.</param>
/// <param name="PValue">Probability of a statistic at least as large if the rows do not differ, 0 to 1.</param>
public sealed record ChiSquareResult(double Statistic, double PValue);

/// <summary>Pearson's test of independence in a 2 x 2 table, one degree of freedom.</summary>
internal static class ChiSquareTest
{
    /// <summary>Tests [[a, b], [c, d]], for example successes and failures of two methods.</summary>
    /// <param name="a">Count in row 1, column 1.</param>
    /// <param name="b">Count in row 1, column 2.</param>
    /// <param name="c">Count in row 2, column 1.</param>
    /// <param name="d">Count in row 2, column 2.</param>
    /// <param name="continuityCorrection">Yates's correction, as scipy.stats.chi2_contingency applies by default.</param>
    /// <exception cref="ArgumentException">A negative count, or an empty row or column.</exception>
    public static ChiSquareResult TwoByTwo(long a, long b, long c, long d, bool continuityCorrection = false)
    {
        if (Math.Min(Math.Min(a, b), Math.Min(c, d)) < 0) throw new ArgumentException($"The table [[{a}, {b}], [{c}, {d}]] has a negative count.");
        double row1 = a + b, row2 = c + d, column1 = a + c, column2 = b + d;
        if (row1 == 0 || row2 == 0 || column1 == 0 || column2 == 0)
            throw new ArgumentException($"The table [[{a}, {b}], [{c}, {d}]] has an empty row or column; there is nothing to compare.");
        var n = row1 + row2;

        // All four cells deviate by the same |ad - bc| / n; Yates takes off 1/2, but never more than there is.
        var deviation = Math.Abs(((double)a * d) - ((double)b * c)) / n;
        if (continuityCorrection) deviation -= Math.Min(0.5, deviation);
        var statistic = deviation * deviation * n * n * n / (row1 * row2 * column1 * column2);
        return new ChiSquareResult(statistic, SpecialFunctions.Erfc(Math.Sqrt(statistic / 2)));
    }
}
