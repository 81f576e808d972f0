using System.Runtime.CompilerServices;

namespace BatchEval.Core.Randomness;

/// <summary>
/// Philox4x32-10, a counter-based generator: a pure function from (key, counter) to four 32-bit words.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
/// </summary>
internal static class Philox
{
    private const uint M0 = 0xD2511F53, M1 = 0xCD9E8D57;
    private const uint W0 = 0x9E3779B9, W1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>Evaluates the generator at one counter.</summary>
    /// <param name="key">64-bit key (seed).</param>
    /// <param name="counter">128-bit counter, least significant word first.</param>
    /// <returns>Four words, uniform on [0, 2^32).</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint X0, uint X1, uint X2, uint X3) Evaluate(ulong key, (uint C0, uint C1, uint C2, uint C3) counter)
    {
        var (c0, c1, c2, c3) = counter;
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (var round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)M0 * c0, p1 = (ulong)M1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += W0;
            k1 += W1;
        }

        return (c0, c1, c2, c3);
    }
}
