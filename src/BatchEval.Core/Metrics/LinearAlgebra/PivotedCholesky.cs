namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>
/// Cholesky factor of a positive semidefinite matrix with diagonal pivoting (Higham 1990; the scheme of LAPACK's dpstrf):
/// A[p(i), p(j)] = (U^T U)[i, j]. The numerical rank is found on the way, and the rows of U come ordered from large to small.
/// </summary>
internal sealed class PivotedCholesky
{
    private const int PanelWidth = 64;
    private const double MachineEpsilon = 2.220446049250313e-16;
    private const double IndefiniteTolerance = 1e-6;
    private readonly double[] a;
    private readonly int n;
    private readonly double[] removed;
    private readonly double largest;

    private PivotedCholesky(double[] a, int n)
    {
        this.a = a;
        this.n = n;
        removed = new double[n];
        Permutation = new int[n];
        for (var i = 0; i < n; i++)
        {
            Permutation[i] = i;
            largest = Math.Max(largest, Math.Abs(a[(i * n) + i]));
        }
    }

    /// <summary>U, row-major n x n: upper triangular, with zeros below the diagonal and in the rows from <see cref="Rank"/> on.</summary>
    public double[] Factor => a;

    /// <summary>Order n of the matrix.</summary>
    public int Order => n;

    /// <summary>Row i of the permuted matrix is row Permutation[i] of the original.</summary>
    public int[] Permutation { get; }

    /// <summary>Number of pivots above n * 2.2e-16 * the largest diagonal element (LAPACK's rule).</summary>
    public int Rank { get; private set; }

    /// <summary>Factors a symmetric positive semidefinite matrix.</summary>
    /// <param name="matrix">Row-major n x n; only the upper triangle is read. Overwritten: it becomes <see cref="Factor"/>.</param>
    /// <param name="order">n, at least 1.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the bits of the result do not depend on it.</param>
    /// <exception cref="ArgumentException">The array is not n x n, or the matrix has a clearly negative direction.</exception>
    public static PivotedCholesky FactorInPlace(double[] matrix, int order, int degreeOfParallelism = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        if (matrix.LongLength != (long)order * order)
            throw new ArgumentException($"A {order} x {order} matrix has {(long)order * order} elements, but the array has {matrix.LongLength}.", nameof(matrix));
        var factor = new PivotedCholesky(matrix, order);
        factor.Run(degreeOfParallelism);
        return factor;
    }

    private void Run(int degreeOfParallelism)
    {
        Rank = n;
        for (var start = 0; start < n; start += PanelWidth)
        {
            var end = Math.Min(n, start + PanelWidth);
            Array.Clear(removed);
            for (var j = start; j < end; j++)
            {
                if (EliminateRow(start, j)) continue;
                Rank = j;
                break;
            }

            if (Rank < n || end == n) break;
            var panel = MatrixView.RowMajor(a.AsMemory((start * n) + end), PanelWidth, n - end, n);
            BlockedProduct.Add(-1, panel.Transposed, panel, a.AsMemory((end * n) + end), n, ProductShape.UpperResult, degreeOfParallelism);
        }

        ClearUnused();
    }

    /// <summary>Computes row j of U, or returns false if nothing above rounding is left.</summary>
    private bool EliminateRow(int start, int j)
    {
        var (pivot, value) = FindPivot(start, j);
        if (value <= n * MachineEpsilon * largest) return false;
        if (pivot != j) Swap(j, pivot);
        var root = Math.Sqrt(value);
        var row = a.AsSpan((j * n) + j, n - j);
        for (var p = start; p < j; p++) VectorMath.AddScaled(-a[(p * n) + j], a.AsSpan((p * n) + j, n - j), row);
        row[0] = root;
        for (var i = 1; i < row.Length; i++) row[i] /= root;
        return true;
    }

    private (int Pivot, double Value) FindPivot(int start, int j)
    {
        var (pivot, best, worst) = (j, double.NegativeInfinity, double.PositiveInfinity);
        var previous = j > start ? a.AsSpan((j - 1) * n, n) : [];
        for (var i = j; i < n; i++)
        {
            if (j > start) removed[i] += previous[i] * previous[i];
            var value = a[(i * n) + i] - removed[i];
            worst = Math.Min(worst, value);
            if (value > best) (pivot, best) = (i, value);
        }

        if (double.IsNaN(worst) || worst < -IndefiniteTolerance * largest)
            throw new ArgumentException($"The matrix is not positive semidefinite: a residual diagonal element is {worst:g3} where the largest diagonal element is {largest:g3}; a covariance has none below 0.");
        return (pivot, best);
    }

    private void Swap(int j, int p)
    {
        (a[(p * n) + p], a[(j * n) + j]) = (a[(j * n) + j], a[(p * n) + p]);
        for (var i = 0; i < j; i++) (a[(i * n) + j], a[(i * n) + p]) = (a[(i * n) + p], a[(i * n) + j]);
        for (var i = j + 1; i < p; i++) (a[(j * n) + i], a[(i * n) + p]) = (a[(i * n) + p], a[(j * n) + i]);
        for (var i = p + 1; i < n; i++) (a[(j * n) + i], a[(p * n) + i]) = (a[(p * n) + i], a[(j * n) + i]);
        (removed[j], removed[p]) = (removed[p], removed[j]);
        (Permutation[j], Permutation[p]) = (Permutation[p], Permutation[j]);
    }

    private void ClearUnused()
    {
        for (var i = 0; i < n; i++) a.AsSpan(i * n, i < Rank ? i : n).Clear();
    }
}
