using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>Vector operations whose sums always run in eight lanes, so that the bits do not depend on the vector width of the machine.</summary>
internal static class VectorMath
{
    /// <summary>The sum of x[i] y[i].</summary>
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length) throw new ArgumentException($"The lengths differ: {x.Length} and {y.Length}.");
        ref var px = ref MemoryMarshal.GetReference(x);
        ref var py = ref MemoryMarshal.GetReference(y);
        Vector512<double> s0 = default, s1 = default, s2 = default, s3 = default;
        nuint i = 0, n = (nuint)x.Length;
        for (; i + 32 <= n; i += 32)
        {
            s0 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref px, i), Vector512.LoadUnsafe(ref py, i), s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref px, i + 8), Vector512.LoadUnsafe(ref py, i + 8), s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref px, i + 16), Vector512.LoadUnsafe(ref py, i + 16), s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref px, i + 24), Vector512.LoadUnsafe(ref py, i + 24), s3);
        }

        for (; i + 8 <= n; i += 8) s0 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref px, i), Vector512.LoadUnsafe(ref py, i), s0);
        var sum = Sum((s0 + s1) + (s2 + s3));
        for (; i < n; i++) sum = Math.FusedMultiplyAdd(Unsafe.Add(ref px, i), Unsafe.Add(ref py, i), sum);
        return sum;
    }

    public static void AddScaled(double alpha, ReadOnlySpan<double> x, Span<double> y)
    {
        if (x.Length != y.Length) throw new ArgumentException($"The lengths differ: {x.Length} and {y.Length}.");
        ref var px = ref MemoryMarshal.GetReference(x);
        ref var py = ref MemoryMarshal.GetReference(y);
        var factor = Vector512.Create(alpha);
        nuint i = 0, n = (nuint)x.Length;
        for (; i + 8 <= n; i += 8)
            Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref px, i), Vector512.LoadUnsafe(ref py, i)).StoreUnsafe(ref py, i);
        for (; i < n; i++) Unsafe.Add(ref py, i) = Math.FusedMultiplyAdd(alpha, Unsafe.Add(ref px, i), Unsafe.Add(ref py, i));
    }

    /// <summary>The sum of eight lanes in a fixed order.</summary>
    public static double Sum(Vector512<double> v)
    {
        var q = v.GetLower() + v.GetUpper();
        return (q[0] + q[2]) + (q[1] + q[3]);
    }
}
