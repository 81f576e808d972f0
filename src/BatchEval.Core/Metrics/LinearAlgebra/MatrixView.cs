namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>
/// A read-only view of a rectangular part of a matrix of float64 or float32 numbers; element (i, j) lies at
/// offset + i * row stride + j * column stride. Values are converted to float64 when they are packed for a product.
/// </summary>
internal readonly struct MatrixView
{
    private readonly ReadOnlyMemory<double> doubles;
    private readonly ReadOnlyMemory<float> singles;
    private readonly bool isSingle;
    private readonly int rowStride;
    private readonly int columnStride;

    private MatrixView(ReadOnlyMemory<double> doubles, ReadOnlyMemory<float> singles, bool isSingle, int rows, int columns, int rowStride, int columnStride)
    {
        this.doubles = doubles;
        this.singles = singles;
        this.isSingle = isSingle;
        Rows = rows;
        Columns = columns;
        this.rowStride = rowStride;
        this.columnStride = columnStride;
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>The transposed view of the same numbers.</summary>
    public MatrixView Transposed => new(doubles, singles, isSingle, Columns, Rows, columnStride, rowStride);

    /// <summary>A row-major float64 matrix whose consecutive rows are <paramref name="stride"/> elements apart.</summary>
    public static MatrixView RowMajor(ReadOnlyMemory<double> data, int rows, int columns, int stride) =>
        new(data, default, false, rows, columns, stride, 1);

    /// <summary>A row-major float64 matrix without gaps.</summary>
    public static MatrixView RowMajor(ReadOnlyMemory<double> data, int rows, int columns) => RowMajor(data, rows, columns, columns);

    /// <summary>A column-major float64 matrix whose consecutive columns are <paramref name="stride"/> elements apart.</summary>
    public static MatrixView ColumnMajor(ReadOnlyMemory<double> data, int rows, int columns, int stride) =>
        new(data, default, false, rows, columns, 1, stride);

    /// <summary>A row-major float32 matrix without gaps.</summary>
    public static MatrixView RowMajor(ReadOnlyMemory<float> data, int rows, int columns) =>
        new(default, data, true, rows, columns, columns, 1);

    /// <summary>
    /// Copies rows [<paramref name="firstRow"/>, + <paramref name="rowCount"/>) and columns [<paramref name="firstColumn"/>, + <paramref name="depth"/>)
    /// as destination[k * panel + r] = scale * this[firstRow + r, firstColumn + k]; rows up to <paramref name="panel"/> are filled with zeros.
    /// </summary>
    public void Pack(int firstRow, int rowCount, int firstColumn, int depth, Span<double> destination, int panel, double scale)
    {
        destination = destination[..(depth * panel)];
        if (rowCount < panel) destination.Clear();
        var start = ((long)firstRow * rowStride) + ((long)firstColumn * columnStride);
        if (isSingle) PackFrom(singles.Span, start, rowCount, depth, destination, panel, scale);
        else PackFrom(doubles.Span, start, rowCount, depth, destination, panel, scale);
    }

    private void PackFrom(ReadOnlySpan<double> source, long start, int rowCount, int depth, Span<double> destination, int panel, double scale)
    {
        if (rowStride == 1)
        {
            for (var k = 0; k < depth; k++)
            {
                var from = source.Slice((int)(start + ((long)k * columnStride)), rowCount);
                var to = destination.Slice(k * panel, rowCount);
                for (var r = 0; r < to.Length; r++) to[r] = scale * from[r];
            }

            return;
        }

        for (var r = 0; r < rowCount; r++)
        {
            var from = source[(int)(start + ((long)r * rowStride))..];
            for (int k = 0, to = r, at = 0; k < depth; k++, to += panel, at += columnStride) destination[to] = scale * from[at];
        }
    }

    private void PackFrom(ReadOnlySpan<float> source, long start, int rowCount, int depth, Span<double> destination, int panel, double scale)
    {
        for (var r = 0; r < rowCount; r++)
        {
            var from = source[(int)(start + ((long)r * rowStride))..];
            for (int k = 0, to = r, at = 0; k < depth; k++, to += panel, at += columnStride) destination[to] = scale * from[at];
        }
    }
}
