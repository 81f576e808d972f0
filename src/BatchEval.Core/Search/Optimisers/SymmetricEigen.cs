namespace BatchEval.Core.Search.Optimisers;

/// <summary>Eigenvalues and eigenvectors of a small symmetric matrix, C = B D^2 B^T, by Jacobi's rotations.</summary>
internal sealed class SymmetricEigen
{
    private const int Sweeps = 60;
    private readonly int n;
    private readonly double[] vectors;
    private readonly double[] roots;

    private SymmetricEigen(int n, double[] values, double[] vectors)
    {
        (this.n, Values, this.vectors) = (n, values, vectors);
        roots = Array.ConvertAll(values, v => Math.Sqrt(Math.Max(v, 1e-300)));
    }

    /// <summary>Eigenvalues, in no particular order.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>Decomposes a row-major n x n matrix.</summary>
    public static SymmetricEigen Of(IReadOnlyList<double> matrix, int n)
    {
        double[] a = [.. matrix], v = new double[n * n];
        for (var i = 0; i < n; i++)
        {
            v[i * (n + 1)] = 1;
        }

        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var rotated = false;
            for (var p = 0; p < n; p++)
            {
                for (var q = p + 1; q < n; q++)
                {
                    if (Math.Abs(a[(p * n) + q]) > 1e-16 * Math.Sqrt(Math.Abs(a[p * (n + 1)] * a[q * (n + 1)])))
                    {
                        Rotate(a, v, n, p, q);
                        rotated = true;
                    }
                }
            }

            if (!rotated)
            {
                break;
            }
        }

        return new SymmetricEigen(n, [.. Enumerable.Range(0, n).Select(i => a[i * (n + 1)])], v);
    }

    /// <summary>B D z.</summary>
    public double[] Colour(double[] z) => Multiply(column => z[column] * roots[column]);

    /// <summary>C^(-1/2) y = B D^-1 B^T y.</summary>
    public double[] Whiten(double[] y)
    {
        var projected = new double[n];
        for (var column = 0; column < n; column++)
        {
            for (var row = 0; row < n; row++)
            {
                projected[column] += vectors[(row * n) + column] * y[row];
            }
        }

        return Multiply(column => projected[column] / roots[column]);
    }

    private double[] Multiply(Func<int, double> coordinate)
    {
        var result = new double[n];
        for (var column = 0; column < n; column++)
        {
            var c = coordinate(column);
            for (var row = 0; row < n; row++)
            {
                result[row] += vectors[(row * n) + column] * c;
            }
        }

        return result;
    }

    // Golub and Van Loan, section 8.5
    private static void Rotate(double[] a, double[] v, int n, int p, int q)
    {
        var theta = (a[q * (n + 1)] - a[p * (n + 1)]) / (2 * a[(p * n) + q]);
        var t = (theta < 0 ? -1 : 1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        var c = 1 / Math.Sqrt((t * t) + 1);
        var s = t * c;
        for (var k = 0; k < n; k++)
        {
            var (kp, kq) = (a[(k * n) + p], a[(k * n) + q]);
            (a[(k * n) + p], a[(k * n) + q]) = ((c * kp) - (s * kq), (s * kp) + (c * kq));
        }

        for (var k = 0; k < n; k++)
        {
            var (pk, qk) = (a[(p * n) + k], a[(q * n) + k]);
            (a[(p * n) + k], a[(q * n) + k]) = ((c * pk) - (s * qk), (s * pk) + (c * qk));
            var (vp, vq) = (v[(k * n) + p], v[(k * n) + q]);
            (v[(k * n) + p], v[(k * n) + q]) = ((c * vp) - (s * vq), (s * vp) + (c * vq));
        }

        a[(p * n) + q] = a[(q * n) + p] = 0;
    }
}
