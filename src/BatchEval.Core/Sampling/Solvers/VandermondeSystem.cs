namespace BatchEval.Core.Sampling.Solvers;

/// <summary>The small linear system that fixes UniPC's weights: sum_j r_j^i rho_j = b_i (Zhao et al. 2023, eq. 5).</summary>
internal static class VandermondeSystem
{
    /// <summary>B(h) = e^h - 1 ("bh2") or h ("bh1").</summary>
    public static double B(double h, int bh) => bh == 1 ? h : Exponential.MinusOne(h);

    /// <summary>Solves for rho with b_i = (i + 1)! phi_{i+2}(x) / B(x).</summary>
    /// <param name="r">Positions of the outputs.</param>
    /// <param name="x">-h in the data prediction, h in the noise prediction.</param>
    /// <param name="bh">1 or 2.</param>
    public static double[] Solve(double[] r, double x, int bh)
    {
        var n = r.Length;
        var matrix = new double[n, n + 1];
        var b = B(x, bh);
        var phi = (Exponential.MinusOne(x) / x) - 1;
        var factorial = 1.0;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                matrix[i, j] = Math.Pow(r[j], i);
            }

            matrix[i, n] = phi * factorial / b;
            factorial *= i + 2;
            phi = (phi / x) - (1 / factorial);
        }

        return Eliminate(matrix, n);
    }

    private static double[] Eliminate(double[,] m, int n)
    {
        for (var column = 0; column < n; column++)
        {
            var pivot = Enumerable.Range(column, n - column).MaxBy(row => Math.Abs(m[row, column]));
            for (var j = 0; j <= n; j++)
            {
                (m[column, j], m[pivot, j]) = (m[pivot, j], m[column, j]);
            }

            for (var row = 0; row < n; row++)
            {
                var factor = row == column ? 0 : m[row, column] / m[column, column];
                for (var j = column; factor != 0 && j <= n; j++)
                {
                    m[row, j] -= factor * m[column, j];
                }
            }
        }

        return [.. Enumerable.Range(0, n).Select(i => m[i, n] / m[i, i])];
    }
}
