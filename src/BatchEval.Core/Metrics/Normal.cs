namespace BatchEval.Core.Metrics;

/// <summary>The standard normal distribution.</summary>
internal static class Normal
{
    /// <summary>Phi(x), to about 1e-15 near 0 and 1e-12 relative in the tails (series and continued fraction, Abramowitz and Stegun 26.2.11 and 26.2.14).</summary>
    public static double Cumulative(double x)
    {
        var density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        if (Math.Abs(x) < 4)
        {
            var (term, sum) = (x, x);
            for (var k = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); k += 2)
            {
                term *= x * x / k;
                sum += term;
            }

            return 0.5 + (density * sum);
        }

        var fraction = Math.Abs(x);
        for (var k = 80; k >= 1; k--)
        {
            fraction = Math.Abs(x) + (k / fraction);
        }

        return x < 0 ? density / fraction : 1 - (density / fraction);
    }

    /// <summary>x with Phi(x) = p, p in (0, 1), by bisection.</summary>
    public static double Quantile(double p)
    {
        var (low, high) = (-38.0, 38.0);
        for (var i = 0; i < 100 && high - low > 1e-14; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Cumulative(middle) < p ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }
}
