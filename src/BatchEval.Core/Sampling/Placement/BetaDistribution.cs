namespace BatchEval.Core.Sampling.Placement;

/// <summary>The beta distribution's quantile function, which the beta schedulers place their steps by.</summary>
internal static class BetaDistribution
{
    /// <summary>x with I_x(a, b) = p, by bisection to the last bit that matters.</summary>
    public static double Quantile(double p, double a, double b)
    {
        if (p is <= 0 or >= 1)
        {
            return p <= 0 ? 0 : 1;
        }

        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 200 && high - low > 1e-16 * high; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Cumulative(middle, a, b) < p ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    /// <summary>I_x(a, b), by the continued fraction of DLMF 8.17.22 (Lentz's method) on the side where it converges fast.</summary>
    public static double Cumulative(double x, double a, double b)
    {
        if (x is <= 0 or >= 1)
        {
            return x <= 0 ? 0 : 1;
        }

        var front = Math.Exp((a * Math.Log(x)) + (b * Math.Log(1 - x)) - LogBeta(a, b));
        return x < (a + 1) / (a + b + 2) ? front * Fraction(x, a, b) / a : 1 - (front * Fraction(1 - x, b, a) / b);
    }

    private static double Fraction(double x, double a, double b)
    {
        const double Tiny = 1e-300;
        var c = 1.0;
        var d = 1 / (1 - ((a + b) * x / (a + 1)));
        var h = d;
        for (var m = 1; m < 500; m++)
        {
            var even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            (c, d) = (1 + (even / c), 1 / (1 + (even * d) + Tiny));
            h *= c * d;
            var odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            (c, d) = (1 + (odd / c), 1 / (1 + (odd * d) + Tiny));
            h *= c * d;
            if (Math.Abs((c * d) - 1) < 1e-16)
            {
                break;
            }
        }

        return h;
    }

    private static double LogBeta(double a, double b) => LogGamma(a) + LogGamma(b) - LogGamma(a + b);

    // Stirling's series after shifting the argument above 10
    private static double LogGamma(double z)
    {
        var shift = 0.0;
        for (; z < 10; z++)
        {
            shift += Math.Log(z);
        }

        var r = 1 / (z * z);
        var series = (1.0 / 12 - (r * ((1.0 / 360) - (r * ((1.0 / 1260) - (r * (1.0 / 1680))))))) / z;
        return ((z - 0.5) * Math.Log(z)) - z + (0.5 * Math.Log(2 * Math.PI)) + series - shift;
    }
}
