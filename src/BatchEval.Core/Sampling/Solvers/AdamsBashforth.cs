namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Weights of Adams-Bashforth methods, newest slope first; they sum to 1.</summary>
internal static class AdamsBashforth
{
    private static readonly double[][] Fixed = [[1], [3 / 2.0, -1 / 2.0], [23 / 12.0, -16 / 12.0, 5 / 12.0], [55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0]];

    public static double[] Equal(int order) => Fixed[order - 1];

    /// <summary>
    /// For steps of any length: the integral over [<paramref name="from"/>, <paramref name="to"/>] of the Lagrange polynomials through
    /// <paramref name="nodes"/>, by Gauss-Legendre quadrature of 4 points, which is exact for polynomials.
    /// </summary>
    public static double[] Integrals(double[] nodes, double from, double to) => [.. nodes.Select((_, j) => Quadrature(x => Lagrange(nodes, j, x), from, to))];

    /// <summary>The value at x of the polynomial that is 1 at node j and 0 at the others.</summary>
    public static double Lagrange(double[] nodes, int j, double x)
    {
        var product = 1.0;
        for (var m = 0; m < nodes.Length; m++)
        {
            product *= m == j ? 1 : (x - nodes[m]) / (nodes[j] - nodes[m]);
        }

        return product;
    }

    /// <summary>Integrals of w(x) times the Lagrange polynomials through one to three nodes.</summary>
    /// <param name="moments">Integrals of w(x), w(x) x and w(x) x^2.</param>
    public static double[] OfMoments(double[] nodes, double[] moments) => [.. nodes.Select((node, j) =>
    {
        double[] others = [.. nodes.Where((_, m) => m != j)];
        return (others.Length switch
        {
            0 => moments[0],
            1 => moments[1] - (others[0] * moments[0]),
            _ => moments[2] - ((others[0] + others[1]) * moments[1]) + (others[0] * others[1] * moments[0]),
        }) / others.Aggregate(1.0, (product, other) => product * (node - other));
    })];

    private static double Quadrature(Func<double, double> f, double from, double to)
    {
        double[] points = [0.3399810435848563, 0.8611363115940526];
        double[] weights = [0.6521451548625461, 0.3478548451374538];
        var (middle, half) = ((from + to) / 2, (to - from) / 2);
        return half * Enumerable.Range(0, 2).Sum(i => weights[i] * (f(middle - (half * points[i])) + f(middle + (half * points[i]))));
    }
}
