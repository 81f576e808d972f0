namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>All eigenvalues of a real symmetric matrix, without eigenvectors: 4/3 n^3 floating-point operations.</summary>
internal static class SymmetricEigenvalues
{
    /// <summary>Computes the eigenvalues in ascending order.</summary>
    /// <param name="matrix">Row-major n x n. Only the upper triangle is read. Overwritten.</param>
    /// <param name="order">n, at least 1.</param>
    /// <param name="degreeOfParallelism">Threads to use at most; the bits of the result do not depend on it.</param>
    /// <returns>n eigenvalues, each within a small multiple of 1e-16 times the largest magnitude.</returns>
    /// <exception cref="ArgumentException">The array is not n x n, or the upper triangle holds a number that is not finite.</exception>
    public static double[] ComputeInPlace(double[] matrix, int order, int degreeOfParallelism = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        if (matrix.LongLength != (long)order * order)
            throw new ArgumentException($"A {order} x {order} matrix has {(long)order * order} elements, but the array has {matrix.LongLength}.", nameof(matrix));
        var scale = PowerOfTwoScale(matrix, order);
        if (scale == 0) return new double[order];
        if (scale != 1) Multiply(matrix, scale);
        var reduction = Tridiagonalization.Reduce(matrix, order, degreeOfParallelism);
        var eigenvalues = reduction.Diagonal;
        TridiagonalEigenvalues.Compute(eigenvalues, reduction.OffDiagonal);
        if (scale != 1) Multiply(eigenvalues, 1 / scale);
        Array.Sort(eigenvalues);
        return eigenvalues;
    }

    /// <summary>The sum of the square roots of the eigenvalues of a positive semidefinite matrix; eigenvalues that rounding made negative count as 0.</summary>
    /// <param name="matrix">As for <see cref="ComputeInPlace"/>.</param>
    /// <param name="order">n, at least 1.</param>
    /// <param name="degreeOfParallelism">Threads to use at most.</param>
    public static double TraceOfSquareRootInPlace(double[] matrix, int order, int degreeOfParallelism = 1)
    {
        var sum = 0.0;
        foreach (var lambda in ComputeInPlace(matrix, order, degreeOfParallelism)) sum += Math.Sqrt(Math.Max(0, lambda));
        return sum;
    }

    /// <summary>A power of two (its product is exact) that brings the largest magnitude near 1, or 0 for the zero matrix.</summary>
    private static double PowerOfTwoScale(double[] matrix, int order)
    {
        var largest = 0.0;
        for (var row = 0; row < order; row++)
        {
            foreach (var value in matrix.AsSpan((row * order) + row, order - row))
            {
                if (!double.IsFinite(value)) throw new ArgumentException($"The matrix holds {value} in row {row}; all numbers must be finite.", nameof(matrix));
                largest = Math.Max(largest, Math.Abs(value));
            }
        }

        if (largest == 0) return 0;
        var exponent = Math.ILogB(largest);
        return Math.Abs(exponent) <= 100 ? 1 : Math.ScaleB(1, Math.Clamp(-exponent, -1000, 1000));
    }

    private static void Multiply(double[] values, double factor)
    {
        for (var i = 0; i < values.Length; i++) values[i] *= factor;
    }
}
