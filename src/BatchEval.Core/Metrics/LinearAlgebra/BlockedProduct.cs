using System.Buffers;

namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>What is known of a product's factors and wanted of its result; each flag only leaves out work.</summary>
[Flags]
internal enum ProductShape
{
    /// <summary>All elements of all three matrices.</summary>
    Full = 0,

    /// <summary>Only elements (i, j) of the result with j >= i are wanted; others may or may not be touched.</summary>
    UpperResult = 1,

    /// <summary>The left factor is zero where row > column.</summary>
    LeftIsUpper = 2,

    /// <summary>The right factor is zero where column > row.</summary>
    RightIsLower = 4,
}

/// <summary>
/// Register- and cache-blocked float64 matrix product, C += alpha A B (after Goto and van de Geijn 2008, "Anatomy of high-performance matrix
/// multiplication"). Each element of C is the sum, over slices of 256 of the inner index in rising order, of a chain of fused multiply-adds:
/// the bits depend neither on the number of threads nor on the vector width nor on where in C the element lies.
/// </summary>
internal static class BlockedProduct
{
    /// <summary>Length of the slices of the inner index.</summary>
    public const int SliceDepth = 256;

    private const int BlockRows = 12 * MicroKernel.TileRows;

    /// <summary>C += alpha A B.</summary>
    /// <param name="alpha">+1 or -1 (any number works; these are exact).</param>
    /// <param name="a">Left factor, M x K.</param>
    /// <param name="b">Right factor, K x N.</param>
    /// <param name="c">Result, row-major, M rows of N numbers.</param>
    /// <param name="stride">Distance between rows of <paramref name="c"/>.</param>
    /// <param name="shape">Structure to exploit.</param>
    /// <param name="degreeOfParallelism">Threads to use at most.</param>
    public static void Add(double alpha, MatrixView a, MatrixView b, Memory<double> c, int stride, ProductShape shape, int degreeOfParallelism)
    {
        if (a.Columns != b.Rows) throw new ArgumentException($"The inner sizes differ: {a.Columns} columns on the left, {b.Rows} rows on the right.");
        var depth = Math.Min(SliceDepth, a.Columns);
        var packedA = ArrayPool<double>.Shared.Rent(RoundUp(a.Rows, MicroKernel.TileRows) * depth);
        var packedB = ArrayPool<double>.Shared.Rent(RoundUp(b.Columns, MicroKernel.TileColumns) * depth);
        try
        {
            for (var k = 0; k < a.Columns; k += SliceDepth)
            {
                var length = Math.Min(SliceDepth, a.Columns - k);
                var rows = shape.HasFlag(ProductShape.LeftIsUpper) ? Math.Min(a.Rows, k + length) : a.Rows;
                var columns = shape.HasFlag(ProductShape.RightIsLower) ? Math.Min(b.Columns, k + length) : b.Columns;
                PackPanels(a, rows, k, length, packedA, MicroKernel.TileRows, alpha, degreeOfParallelism);
                PackPanels(b.Transposed, columns, k, length, packedB, MicroKernel.TileColumns, 1, degreeOfParallelism);
                var upper = shape.HasFlag(ProductShape.UpperResult);
                ParallelLoop.Run((rows + BlockRows - 1) / BlockRows, degreeOfParallelism, block =>
                    AddRowBlock(packedA, packedB, length, c.Span, stride, block * BlockRows, rows, columns, upper));
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(packedA);
            ArrayPool<double>.Shared.Return(packedB);
        }
    }

    /// <summary>The squared length of a row, in exactly the arithmetic of <see cref="Add"/>, so that |x|^2 + |x|^2 - 2 x.x is 0.</summary>
    public static double SquaredNorm(ReadOnlySpan<float> x)
    {
        var sum = 0.0;
        for (var k = 0; k < x.Length; k += SliceDepth)
        {
            var chain = 0.0;
            foreach (double value in x.Slice(k, Math.Min(SliceDepth, x.Length - k))) chain = Math.FusedMultiplyAdd(value, value, chain);
            sum += chain;
        }

        return sum;
    }

    private static void AddRowBlock(double[] packedA, double[] packedB, int depth, Span<double> c, int stride, int firstRow, int rows, int columns, bool upper)
    {
        var endRow = Math.Min(firstRow + BlockRows, rows);
        var firstColumn = upper ? firstRow / MicroKernel.TileColumns * MicroKernel.TileColumns : 0;
        for (var j = firstColumn; j < columns; j += MicroKernel.TileColumns)
        {
            var b = packedB.AsSpan(j * depth, MicroKernel.TileColumns * depth);
            var width = Math.Min(MicroKernel.TileColumns, columns - j);
            for (var i = firstRow; i < endRow && !(upper && i >= j + MicroKernel.TileColumns); i += MicroKernel.TileRows)
            {
                var a = packedA.AsSpan(i * depth, MicroKernel.TileRows * depth);
                MicroKernel.Accumulate(a, b, depth, c[(int)(((long)i * stride) + j)..], stride, Math.Min(MicroKernel.TileRows, rows - i), width);
            }
        }
    }

    private static void PackPanels(MatrixView view, int rows, int firstColumn, int depth, double[] packed, int panel, double scale, int degreeOfParallelism)
    {
        const int PanelsPerPiece = 16;
        var panels = (rows + panel - 1) / panel;
        ParallelLoop.Run((panels + PanelsPerPiece - 1) / PanelsPerPiece, degreeOfParallelism, piece =>
        {
            for (var p = piece * PanelsPerPiece; p < Math.Min(panels, (piece + 1) * PanelsPerPiece); p++)
                view.Pack(p * panel, Math.Min(panel, rows - (p * panel)), firstColumn, depth, packed.AsSpan(p * panel * depth), panel, scale);
        });
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
