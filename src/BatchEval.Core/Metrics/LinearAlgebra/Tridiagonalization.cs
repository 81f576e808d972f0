namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>
/// Reduces a symmetric matrix to tridiagonal form by blocked Householder reflections (Dongarra, Sorensen and Hammarling 1989; the
/// scheme of LAPACK's dsytrd and dlatrd). Starts in the upper left corner: matrices graded from large to small keep the relative accuracy of their small eigenvalues.
/// </summary>
internal sealed class Tridiagonalization
{
    private const int PanelWidth = 32;
    private readonly double[] a;
    private readonly int n;
    private readonly int degreeOfParallelism;
    private readonly SymmetricProduct product;

    // Columns of length n: V (PanelWidth of them), W, and V once more, so that [V W] and [W V] are both contiguous.
    private readonly double[] columns;

    private Tridiagonalization(double[] a, int n, int degreeOfParallelism)
    {
        this.a = a;
        this.n = n;
        this.degreeOfParallelism = degreeOfParallelism;
        product = new SymmetricProduct(a, n, degreeOfParallelism);
        columns = new double[3 * PanelWidth * n];
        Diagonal = new double[n];
        OffDiagonal = new double[Math.Max(0, n - 1)];
    }

    /// <summary>The n diagonal elements of the tridiagonal matrix.</summary>
    public double[] Diagonal { get; }

    /// <summary>Its n - 1 off-diagonal elements.</summary>
    public double[] OffDiagonal { get; }

    /// <summary>Reduces <paramref name="a"/>, which is overwritten.</summary>
    /// <param name="a">Row-major n x n; only the upper triangle is read.</param>
    /// <param name="n">Order of the matrix.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the result does not depend on it.</param>
    public static Tridiagonalization Reduce(double[] a, int n, int degreeOfParallelism)
    {
        var reduction = new Tridiagonalization(a, n, degreeOfParallelism);
        for (var start = 0; start < n; start += PanelWidth) reduction.ReducePanel(start, Math.Min(PanelWidth, n - start));
        return reduction;
    }

    private void ReducePanel(int start, int width)
    {
        Array.Clear(columns);
        for (var c = 0; c < width; c++)
        {
            var j = start + c;
            UpdateRow(j, c);
            Diagonal[j] = a[(j * n) + j];
            if (j == n - 1) return;
            var tau = MakeReflector(j, c);
            MakeUpdateColumn(j, c, tau);
        }

        var next = start + width;
        if (next >= n) return;
        for (var c = 0; c < width; c++) Column(c, next).CopyTo(Column((2 * PanelWidth) + c, next));
        var size = n - next;
        var vw = MatrixView.ColumnMajor(columns.AsMemory(next), size, 2 * PanelWidth, n);
        var wv = MatrixView.ColumnMajor(columns.AsMemory((PanelWidth * n) + next), size, 2 * PanelWidth, n);
        BlockedProduct.Add(-1, vw, wv.Transposed, a.AsMemory((next * n) + next), n, ProductShape.UpperResult, degreeOfParallelism);
    }

    /// <summary>Applies the reflections of this panel to row j: a_j -= V w_j + W v_j.</summary>
    private void UpdateRow(int j, int c)
    {
        var row = a.AsSpan((j * n) + j, n - j);
        for (var p = 0; p < c; p++)
        {
            var v = Column(p, j);
            var w = Column(PanelWidth + p, j);
            VectorMath.AddScaled(-w[0], v, row);
            VectorMath.AddScaled(-v[0], w, row);
        }
    }

    /// <summary>Finds the reflection 1 - tau v v^T that maps row j, right of the diagonal, to a multiple of the first unit vector.</summary>
    private double MakeReflector(int j, int c)
    {
        var x = a.AsSpan((j * n) + j + 1, n - j - 1);
        var v = Column(c, j + 1);
        x.CopyTo(v);
        var alpha = x[0];
        var tail = VectorMath.Dot(x[1..], x[1..]);
        v[0] = 1;
        if (tail == 0)
        {
            OffDiagonal[j] = alpha;
            return 0;
        }

        var beta = -Math.CopySign(Math.Sqrt((alpha * alpha) + tail), alpha);
        OffDiagonal[j] = beta;
        var scale = 1 / (alpha - beta);
        for (var i = 1; i < v.Length; i++) v[i] *= scale;
        return (beta - alpha) / beta;
    }

    /// <summary>w = tau (A v - V W^T v - W V^T v), then w -= (tau / 2)(w.v) v.</summary>
    private void MakeUpdateColumn(int j, int c, double tau)
    {
        if (tau == 0) return;
        var s = j + 1;
        product.Multiply(s, columns, c * n, (PanelWidth + c) * n);
        var v = Column(c, s);
        var w = Column(PanelWidth + c, s);
        for (var p = 0; p < c; p++)
        {
            var vp = Column(p, s);
            var wp = Column(PanelWidth + p, s);
            var (wv, vv) = (VectorMath.Dot(wp, v), VectorMath.Dot(vp, v));
            VectorMath.AddScaled(-wv, vp, w);
            VectorMath.AddScaled(-vv, wp, w);
        }

        for (var i = 0; i < w.Length; i++) w[i] *= tau;
        VectorMath.AddScaled(-0.5 * tau * VectorMath.Dot(w, v), v, w);
    }

    private Span<double> Column(int column, int firstRow) => columns.AsSpan((column * n) + firstRow, n - firstRow);
}
