using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>
/// The innermost piece of a matrix product: C += A B for an 8 x 24 tile of C, with A and B packed so that depth index k holds
/// 8 and 24 consecutive numbers. Every element of the tile is one chain of fused multiply-adds in the order of k, added once to C;
/// the bits therefore do not depend on the width of the vector unit.
/// </summary>
internal static class MicroKernel
{
    public const int TileRows = 8;

    public const int TileColumns = 24;

    /// <summary>Adds the product of two packed panels to a tile of C, of which only <paramref name="rows"/> x <paramref name="columns"/> exist.</summary>
    [SkipLocalsInit]
    public static void Accumulate(ReadOnlySpan<double> a, ReadOnlySpan<double> b, int depth, Span<double> c, int stride, int rows, int columns)
    {
        if (a.Length < depth * TileRows || b.Length < depth * TileColumns || c.Length < ((long)(rows - 1) * stride) + columns)
            throw new ArgumentException("A packed panel or the result is shorter than the tile needs.");
        if (rows == TileRows && columns == TileColumns)
        {
            Run(ref MemoryMarshal.GetReference(a), ref MemoryMarshal.GetReference(b), depth, ref MemoryMarshal.GetReference(c), stride);
            return;
        }

        Span<double> tile = stackalloc double[TileRows * TileColumns];
        tile.Clear();
        Run(ref MemoryMarshal.GetReference(a), ref MemoryMarshal.GetReference(b), depth, ref MemoryMarshal.GetReference(tile), TileColumns);
        for (var i = 0; i < rows; i++)
        {
            var to = c.Slice(i * stride, columns);
            for (var j = 0; j < to.Length; j++) to[j] += tile[(i * TileColumns) + j];
        }
    }

    private static void Run(ref double a, ref double b, int depth, ref double c, nint stride)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Tile512(ref a, ref b, depth, ref c, stride);
            return;
        }

        for (var row = 0; row < TileRows; row += 4)
        for (var column = 0; column < TileColumns; column += 12)
            Tile256(ref Unsafe.Add(ref a, row), ref Unsafe.Add(ref b, column), depth, ref Unsafe.Add(ref c, (row * stride) + column), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile512(ref double a, ref double b, int depth, ref double c, nint stride)
    {
        Vector512<double> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        Vector512<double> c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        Vector512<double> c40 = default, c41 = default, c42 = default, c50 = default, c51 = default, c52 = default;
        Vector512<double> c60 = default, c61 = default, c62 = default, c70 = default, c71 = default, c72 = default;
        for (var k = 0; k < depth; k++)
        {
            var (b0, b1, b2) = (Vector512.LoadUnsafe(ref b), Vector512.LoadUnsafe(ref b, 8), Vector512.LoadUnsafe(ref b, 16));
            Row512(Vector512.Create(a), b0, b1, b2, ref c00, ref c01, ref c02);
            Row512(Vector512.Create(Unsafe.Add(ref a, 1)), b0, b1, b2, ref c10, ref c11, ref c12);
            Row512(Vector512.Create(Unsafe.Add(ref a, 2)), b0, b1, b2, ref c20, ref c21, ref c22);
            Row512(Vector512.Create(Unsafe.Add(ref a, 3)), b0, b1, b2, ref c30, ref c31, ref c32);
            Row512(Vector512.Create(Unsafe.Add(ref a, 4)), b0, b1, b2, ref c40, ref c41, ref c42);
            Row512(Vector512.Create(Unsafe.Add(ref a, 5)), b0, b1, b2, ref c50, ref c51, ref c52);
            Row512(Vector512.Create(Unsafe.Add(ref a, 6)), b0, b1, b2, ref c60, ref c61, ref c62);
            Row512(Vector512.Create(Unsafe.Add(ref a, 7)), b0, b1, b2, ref c70, ref c71, ref c72);
            a = ref Unsafe.Add(ref a, TileRows);
            b = ref Unsafe.Add(ref b, TileColumns);
        }

        Store512(ref c, c00, c01, c02);
        Store512(ref Unsafe.Add(ref c, stride), c10, c11, c12);
        Store512(ref Unsafe.Add(ref c, 2 * stride), c20, c21, c22);
        Store512(ref Unsafe.Add(ref c, 3 * stride), c30, c31, c32);
        Store512(ref Unsafe.Add(ref c, 4 * stride), c40, c41, c42);
        Store512(ref Unsafe.Add(ref c, 5 * stride), c50, c51, c52);
        Store512(ref Unsafe.Add(ref c, 6 * stride), c60, c61, c62);
        Store512(ref Unsafe.Add(ref c, 7 * stride), c70, c71, c72);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row512(Vector512<double> a, Vector512<double> b0, Vector512<double> b1, Vector512<double> b2, ref Vector512<double> c0, ref Vector512<double> c1, ref Vector512<double> c2)
    {
        c0 = Vector512.FusedMultiplyAdd(a, b0, c0);
        c1 = Vector512.FusedMultiplyAdd(a, b1, c1);
        c2 = Vector512.FusedMultiplyAdd(a, b2, c2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store512(ref double c, Vector512<double> c0, Vector512<double> c1, Vector512<double> c2)
    {
        (Vector512.LoadUnsafe(ref c) + c0).StoreUnsafe(ref c);
        (Vector512.LoadUnsafe(ref c, 8) + c1).StoreUnsafe(ref c, 8);
        (Vector512.LoadUnsafe(ref c, 16) + c2).StoreUnsafe(ref c, 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile256(ref double a, ref double b, int depth, ref double c, nint stride)
    {
        Vector256<double> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        Vector256<double> c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        for (var k = 0; k < depth; k++)
        {
            var (b0, b1, b2) = (Vector256.LoadUnsafe(ref b), Vector256.LoadUnsafe(ref b, 4), Vector256.LoadUnsafe(ref b, 8));
            Row256(Vector256.Create(a), b0, b1, b2, ref c00, ref c01, ref c02);
            Row256(Vector256.Create(Unsafe.Add(ref a, 1)), b0, b1, b2, ref c10, ref c11, ref c12);
            Row256(Vector256.Create(Unsafe.Add(ref a, 2)), b0, b1, b2, ref c20, ref c21, ref c22);
            Row256(Vector256.Create(Unsafe.Add(ref a, 3)), b0, b1, b2, ref c30, ref c31, ref c32);
            a = ref Unsafe.Add(ref a, TileRows);
            b = ref Unsafe.Add(ref b, TileColumns);
        }

        Store256(ref c, c00, c01, c02);
        Store256(ref Unsafe.Add(ref c, stride), c10, c11, c12);
        Store256(ref Unsafe.Add(ref c, 2 * stride), c20, c21, c22);
        Store256(ref Unsafe.Add(ref c, 3 * stride), c30, c31, c32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row256(Vector256<double> a, Vector256<double> b0, Vector256<double> b1, Vector256<double> b2, ref Vector256<double> c0, ref Vector256<double> c1, ref Vector256<double> c2)
    {
        c0 = Vector256.FusedMultiplyAdd(a, b0, c0);
        c1 = Vector256.FusedMultiplyAdd(a, b1, c1);
        c2 = Vector256.FusedMultiplyAdd(a, b2, c2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store256(ref double c, Vector256<double> c0, Vector256<double> c1, Vector256<double> c2)
    {
        (Vector256.LoadUnsafe(ref c) + c0).StoreUnsafe(ref c);
        (Vector256.LoadUnsafe(ref c, 4) + c1).StoreUnsafe(ref c, 4);
        (Vector256.LoadUnsafe(ref c, 8) + c2).StoreUnsafe(ref c, 8);
    }
}
