using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>Row and column sums of kernel matrices, a block of rows at a time; the matrices are never held as a whole.</summary>
internal static class KernelSums
{
    private const int BlockElements = 1 << 22;
    private const int ColumnsPerPiece = 512;

    /// <summary>Replaces the inner products of row <paramref name="row"/> with columns <paramref name="firstColumn"/>, ... by kernel values.</summary>
    public delegate void Kernel(int row, int firstColumn, Span<double> innerProducts);

    /// <summary>For each x the sum over all y of k(x, y), and for each y the sum over all x.</summary>
    public static (double[] Rows, double[] Columns) Between(FeatureMatrix x, FeatureMatrix y, Kernel kernel, int degreeOfParallelism)
    {
        FeatureMatrix.RequireSameDimensions(x, y);
        return Sum(x, y, symmetric: false, kernel, degreeOfParallelism);
    }

    /// <summary>For each x the sum over all other x of a symmetric kernel; each pair is computed once.</summary>
    public static double[] Within(FeatureMatrix x, Kernel kernel, int degreeOfParallelism)
    {
        var (rows, columns) = Sum(x, x, symmetric: true, kernel, degreeOfParallelism);
        for (var i = 0; i < rows.Length; i++) rows[i] += columns[i];
        return rows;
    }

    private static (double[] Rows, double[] Columns) Sum(FeatureMatrix x, FeatureMatrix y, bool symmetric, Kernel kernel, int degreeOfParallelism)
    {
        var (rowSums, columnSums) = (new double[x.Count], new double[y.Count]);
        var blockRows = Math.Clamp(BlockElements / y.Count, 1, x.Count);
        var block = new double[blockRows * y.Count];
        for (var start = 0; start < x.Count; start += blockRows)
        {
            var (first, rows) = (start, Math.Min(blockRows, x.Count - start));
            var firstColumn = symmetric ? first : 0;
            var width = y.Count - firstColumn;
            block.AsSpan(0, rows * width).Clear();
            BlockedProduct.Add(1, x.Slice(first, rows).View, y.Slice(firstColumn, width).View.Transposed, block, width, ProductShape.Full, degreeOfParallelism);
            ParallelLoop.Run(rows, degreeOfParallelism, r =>
            {
                var row = block.AsSpan(r * width, width);
                kernel(first + r, firstColumn, row);
                if (symmetric) row[..(r + 1)].Clear();
                foreach (var value in row) rowSums[first + r] += value;
            });
            ParallelLoop.Run((width + ColumnsPerPiece - 1) / ColumnsPerPiece, degreeOfParallelism, piece =>
            {
                var (from, count) = (piece * ColumnsPerPiece, Math.Min(ColumnsPerPiece, width - (piece * ColumnsPerPiece)));
                for (var r = 0; r < rows; r++) VectorMath.AddScaled(1, block.AsSpan((r * width) + from, count), columnSums.AsSpan(firstColumn + from, count));
            });
        }

        return (rowSums, columnSums);
    }
}
