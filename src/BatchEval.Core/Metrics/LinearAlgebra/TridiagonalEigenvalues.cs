namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>
/// Eigenvalues of a symmetric tridiagonal matrix by the square-root-free implicit QL iteration of Pal, Walker and Kahan
/// (Parlett, "The Symmetric Eigenvalue Problem", section 8.15; the scheme of LAPACK's dsterf).
/// </summary>
internal static class TridiagonalEigenvalues
{
    private const double Epsilon = 1.1102230246251565e-16;
    private const int SweepsPerEigenvalue = 60;

    /// <summary>Replaces <paramref name="d"/> by the eigenvalues, in no particular order; <paramref name="e"/> is destroyed.</summary>
    /// <param name="d">Diagonal, n numbers.</param>
    /// <param name="e">Off-diagonal, n - 1 numbers.</param>
    /// <exception cref="ArithmeticException">No convergence, which means that the matrix held NaN or infinite numbers.</exception>
    public static void Compute(Span<double> d, Span<double> e)
    {
        var sweeps = (long)SweepsPerEigenvalue * d.Length;
        for (var first = 0; first < d.Length;)
        {
            var last = first;
            while (last < d.Length - 1 && !(Math.Abs(e[last]) <= Math.Sqrt(Math.Abs(d[last])) * Math.Sqrt(Math.Abs(d[last + 1])) * Epsilon)) last++;
            if (last > first) SolveBlock(d[first..(last + 1)], e[first..last], ref sweeps);
            first = last + 1;
        }
    }

    private static void SolveBlock(Span<double> d, Span<double> e, ref long sweeps)
    {
        for (var i = 0; i < e.Length; i++) e[i] *= e[i];

        // QL finds the eigenvalues at the top first; it is accurate when those are the small ones.
        if (Math.Abs(d[^1]) < Math.Abs(d[0]))
        {
            d.Reverse();
            e.Reverse();
        }

        for (var l = 0; l < d.Length;)
        {
            var m = FindSplit(d, e, l);
            if (m < d.Length - 1) e[m] = 0;
            if (m == l)
            {
                l++;
            }
            else if (m == l + 1)
            {
                (d[l], d[l + 1]) = TwoByTwo(d[l], Math.Sqrt(e[l]), d[l + 1]);
                e[l] = 0;
                l += 2;
            }
            else
            {
                if (--sweeps < 0) throw new ArithmeticException("The eigenvalue iteration did not converge; the matrix holds NaN or infinite numbers.");
                Sweep(d, e, l, m);
            }
        }
    }

    private static int FindSplit(Span<double> d, Span<double> e, int l)
    {
        var m = l;
        while (m < d.Length - 1 && !(e[m] <= Epsilon * Epsilon * Math.Abs(d[m] * d[m + 1]))) m++;
        return m;
    }

    private static void Sweep(Span<double> d, Span<double> e, int l, int m)
    {
        // Wilkinson's shift sigma from the leading 2 x 2 part.
        var root = Math.Sqrt(e[l]);
        var ratio = (d[l + 1] - d[l]) / (2 * root);
        var sigma = d[l] - (root / (ratio + Math.CopySign(double.Hypot(ratio, 1), ratio)));
        double c = 1, s = 0;
        var gamma = d[m] - sigma;
        var p = gamma * gamma;
        for (var i = m - 1; i >= l; i--)
        {
            var bb = e[i];
            var r = p + bb;
            if (i != m - 1) e[i + 1] = s * r;
            var oldC = c;
            c = p / r;
            s = bb / r;
            var oldGamma = gamma;
            var alpha = d[i];
            gamma = (c * (alpha - sigma)) - (s * oldGamma);
            d[i + 1] = oldGamma + (alpha - gamma);
            p = c != 0 ? gamma * gamma / c : oldC * bb;
        }

        e[l] = s * p;
        d[l] = sigma + gamma;
    }

    /// <summary>Eigenvalues of [[a, b], [b, c]] without cancellation (LAPACK's dlae2).</summary>
    private static (double Larger, double Smaller) TwoByTwo(double a, double b, double c)
    {
        var sum = a + c;
        var root = double.Hypot(a - c, 2 * b);
        var (large, small) = Math.Abs(a) > Math.Abs(c) ? (a, c) : (c, a);
        if (sum == 0) return (0.5 * root, -0.5 * root);
        var first = 0.5 * (sum + Math.CopySign(root, sum));
        return (first, ((large / first) * small) - ((b / first) * b));
    }
}
