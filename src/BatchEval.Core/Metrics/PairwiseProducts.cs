using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>Inner products and squared distances of all pairs of two sets, a block of rows at a time, so that memory stays far below rows x columns.</summary>
internal static class PairwiseProducts
{
    private const int BlockElements = 1 << 22;

    /// <summary>Handles one row: its index and the numbers for all rows of the second set (may be overwritten).</summary>
    public delegate void RowHandler(int row, Span<double> values);

    /// <summary>Calls <paramref name="handle"/> with x_i . y_j for all j, once for each i; calls for different rows may run at the same time.</summary>
    public static void InnerProducts(FeatureMatrix x, FeatureMatrix y, int degreeOfParallelism, RowHandler handle)
    {
        FeatureMatrix.RequireSameDimensions(x, y);
        var blockRows = Math.Clamp(BlockElements / y.Count, 1, x.Count);
        var block = new double[blockRows * y.Count];
        for (var start = 0; start < x.Count; start += blockRows)
        {
            var rows = Math.Min(blockRows, x.Count - start);
            Array.Clear(block);
            BlockedProduct.Add(1, x.Slice(start, rows).View, y.View.Transposed, block, y.Count, ProductShape.Full, degreeOfParallelism);
            var first = start;
            ParallelLoop.Run(rows, degreeOfParallelism, r => handle(first + r, block.AsSpan(r * y.Count, y.Count)));
        }
    }

    /// <summary>Calls <paramref name="handle"/> with |x_i - y_j|^2 for all j; equal rows have exactly 0.</summary>
    public static void SquaredDistances(FeatureMatrix x, FeatureMatrix y, int degreeOfParallelism, RowHandler handle)
    {
        var (xx, yy) = (SquaredNorms(x), SquaredNorms(y));
        InnerProducts(x, y, degreeOfParallelism, (i, row) =>
        {
            for (var j = 0; j < row.Length; j++) row[j] = Math.Max(0, xx[i] + yy[j] - (2 * row[j]));
            handle(i, row);
        });
    }

    private static double[] SquaredNorms(FeatureMatrix x)
    {
        var norms = new double[x.Count];
        for (var i = 0; i < norms.Length; i++) norms[i] = BlockedProduct.SquaredNorm(x.Row(i));
        return norms;
    }
}
