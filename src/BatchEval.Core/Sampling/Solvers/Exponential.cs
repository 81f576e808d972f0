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
}
