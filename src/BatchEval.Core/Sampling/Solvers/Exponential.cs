namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Exponential integrators' elementary functions.</summary>
internal static class Exponential
{
    /// <summary>e^x - 1 without cancellation near 0 (Kahan's formula).</summary>
    public static double MinusOne(double x)
    {
        var u = Math.Exp(x);
        return u == 1 ? x : u - 1 == -1 ? -1 : (u - 1) * x / Math.Log(u);
    }

    /// <summary>Weights of the last two data predictions m0, m1 in phi1 m0 + phi2 D1 with D1 = (m0 - m1) / r0.</summary>
    /// <param name="r0">Length of the step before, in steps.</param>
    public static double[] SecondOrder(double phi1, double phi2, double r0) => [phi1 + (phi2 / r0), -phi2 / r0];

    /// <summary>
    /// Weights of the last three in phi1 m0 + phi2 D1 - phi3 D2 with D1 = D10 + r0/(r0+r1) (D10 - D11), D2 = (D10 - D11)/(r0+r1), D10 = (m0-m1)/r0, D11 = (m1-m2)/r1.
    /// </summary>
    public static double[] ThirdOrder(double phi1, double phi2, double phi3, double r0, double r1)
    {
        var onD10 = (phi2 * (1 + (r0 / (r0 + r1)))) - (phi3 / (r0 + r1));
        var onD11 = (-phi2 * r0 / (r0 + r1)) + (phi3 / (r0 + r1));
        return [phi1 + (onD10 / r0), (-onD10 / r0) + (onD11 / r1), -onD11 / r1];
    }
}
