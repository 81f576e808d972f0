using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>
/// y = A x for a symmetric matrix of which only the upper triangle is read, each element once. The rows are dealt out to a number of
/// pieces that depends on the size alone; each piece has its own y, and these are added in order, so that threads do not change bits.
/// </summary>
internal sealed class SymmetricProduct
{
    private const int Pieces = 4;
    private const int SmallSize = 384;
    private readonly double[] a;
    private readonly int order;
    private readonly int degreeOfParallelism;
    private readonly double[] partial;

    /// <summary>Prepares products with trailing parts of one matrix.</summary>
    /// <param name="a">Row-major, <paramref name="order"/> x <paramref name="order"/>, upper triangle used.</param>
    /// <param name="order">Rows of the matrix.</param>
    /// <param name="degreeOfParallelism">Threads to use at most.</param>
    public SymmetricProduct(double[] a, int order, int degreeOfParallelism)
    {
        this.a = a;
        this.order = order;
        this.degreeOfParallelism = degreeOfParallelism;
        partial = new double[Pieces * order];
    }

    /// <summary>Computes y[start..] = A[start.., start..] x[start..].</summary>
    public void Multiply(int start, double[] vectors, int xOffset, int yOffset)
    {
        var size = order - start;
        if (size < SmallSize)
        {
            AddRows(start, order, vectors.AsSpan(xOffset, order), Cleared(vectors.AsSpan(yOffset, order), start));
            return;
        }

        ParallelLoop.Run(Pieces, degreeOfParallelism, piece =>
        {
            var (from, to) = (PieceStart(start, piece), PieceStart(start, piece + 1));
            AddRows(from, to, vectors.AsSpan(xOffset, order), Cleared(partial.AsSpan(piece * order, order), start));
        });
        var y = vectors.AsSpan(yOffset + start, size);
        partial.AsSpan(start, size).CopyTo(y);
        for (var piece = 1; piece < Pieces; piece++) VectorMath.AddScaled(1, partial.AsSpan((piece * order) + start, size), y);
    }

    private static Span<double> Cleared(Span<double> values, int start)
    {
        values[start..].Clear();
        return values;
    }

    private int PieceStart(int start, int piece)
    {
        // Rows [start, p) hold the share piece/Pieces of the triangle: p = start + size (1 - sqrt(1 - share)), on a multiple of 4.
        if (piece == Pieces) return order;
        var size = order - start;
        return start + ((int)(size * (1 - Math.Sqrt(1 - ((double)piece / Pieces)))) / 4 * 4);
    }

    private void AddRows(int from, int to, ReadOnlySpan<double> x, Span<double> y)
    {
        var i = from;
        for (; i + 4 <= to; i += 4)
        {
            AddCorner(i, 4, x, y);
            AddFourRows(i, x, y);
        }

        if (i < to)
        {
            AddCorner(i, to - i, x, y);
            for (var row = i; row < to; row++)
            {
                var rest = a.AsSpan((row * order) + to, order - to);
                y[row] += VectorMath.Dot(rest, x[to..]);
                VectorMath.AddScaled(x[row], rest, y[to..]);
            }
        }
    }

    private void AddCorner(int i, int size, ReadOnlySpan<double> x, Span<double> y)
    {
        for (var row = i; row < i + size; row++)
        {
            y[row] += a[(row * order) + row] * x[row];
            for (var column = row + 1; column < i + size; column++)
            {
                var value = a[(row * order) + column];
                y[row] += value * x[column];
                y[column] += value * x[row];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddFourRows(int i, ReadOnlySpan<double> x, Span<double> y)
    {
        ref var a0 = ref a[i * order];
        ref var a1 = ref Unsafe.Add(ref a0, order);
        ref var a2 = ref Unsafe.Add(ref a1, order);
        ref var a3 = ref Unsafe.Add(ref a2, order);
        ref var px = ref MemoryMarshal.GetReference(x);
        ref var py = ref MemoryMarshal.GetReference(y);
        var (x0, x1, x2, x3) = (Vector512.Create(x[i]), Vector512.Create(x[i + 1]), Vector512.Create(x[i + 2]), Vector512.Create(x[i + 3]));
        Vector512<double> s0 = default, s1 = default, s2 = default, s3 = default;
        nuint j = (nuint)i + 4, n = (nuint)order;
        for (; j + 8 <= n; j += 8)
        {
            var (xj, yj) = (Vector512.LoadUnsafe(ref px, j), Vector512.LoadUnsafe(ref py, j));
            var (v0, v1, v2, v3) = (Vector512.LoadUnsafe(ref a0, j), Vector512.LoadUnsafe(ref a1, j), Vector512.LoadUnsafe(ref a2, j), Vector512.LoadUnsafe(ref a3, j));
            s0 = Vector512.FusedMultiplyAdd(v0, xj, s0);
            s1 = Vector512.FusedMultiplyAdd(v1, xj, s1);
            s2 = Vector512.FusedMultiplyAdd(v2, xj, s2);
            s3 = Vector512.FusedMultiplyAdd(v3, xj, s3);
            yj = Vector512.FusedMultiplyAdd(v1, x1, Vector512.FusedMultiplyAdd(v0, x0, yj));
            Vector512.FusedMultiplyAdd(v3, x3, Vector512.FusedMultiplyAdd(v2, x2, yj)).StoreUnsafe(ref py, j);
        }

        var (t0, t1, t2, t3) = (VectorMath.Sum(s0), VectorMath.Sum(s1), VectorMath.Sum(s2), VectorMath.Sum(s3));
        for (; j < n; j++)
        {
            var (xj, v0, v1, v2, v3) = (Unsafe.Add(ref px, j), Unsafe.Add(ref a0, j), Unsafe.Add(ref a1, j), Unsafe.Add(ref a2, j), Unsafe.Add(ref a3, j));
            (t0, t1, t2, t3) = (t0 + (v0 * xj), t1 + (v1 * xj), t2 + (v2 * xj), t3 + (v3 * xj));
            Unsafe.Add(ref py, j) += (v0 * x[i]) + (v1 * x[i + 1]) + (v2 * x[i + 2]) + (v3 * x[i + 3]);
        }

        y[i] += t0;
        y[i + 1] += t1;
        y[i + 2] += t2;
        y[i + 3] += t3;
    }
}
