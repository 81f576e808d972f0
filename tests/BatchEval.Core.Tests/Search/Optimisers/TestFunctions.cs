namespace BatchEval.Core.Tests.Search.Optimisers;

/// <summary>The functions that optimisers are compared on, with their minimum 0.</summary>
internal static class TestFunctions
{
    public static double Sphere(double[] x) => x.Sum(v => v * v);

    /// <summary>Condition number 1e6.</summary>
    public static double Ellipsoid(double[] x) => x.Select((v, i) => Math.Pow(1e6, i / (x.Length - 1.0)) * v * v).Sum();

    /// <summary>Long curved valley; minimum at (1, ..., 1).</summary>
    public static double Rosenbrock(double[] x) =>
        Enumerable.Range(0, x.Length - 1).Sum(i => (100 * Math.Pow((x[i] * x[i]) - x[i + 1], 2)) + Math.Pow(1 - x[i], 2));

    /// <summary>A steep sphere in the first half of the variables and a shallow one on the whole numbers in the other half.</summary>
    public static double Mixed(double[] x) => x.Select((v, i) => i < x.Length / 2 ? 1e4 * v * v : Math.Pow(Math.Round(v), 2)).Sum();
}
