namespace BatchEval.Core.Randomness;

/// <summary>
/// A sequential view of <see cref="Philox"/>. Two streams with the same key and different stream numbers are independent;
/// the same (key, stream) always gives the same sequence, on every machine.
/// </summary>
/// <param name="stream">The stream number, for example a hash of what the numbers are for.</param>
public sealed class PhiloxStream(ulong key, ulong stream)
{
    private ulong position;
    private (uint X0, uint X1, uint X2, uint X3) block;
    private int used = 4;
    private double spareGaussian = double.NaN;

    /// <summary>Next word, uniform on [0, 2^32).</summary>
    public uint NextUInt32()
    {
        if (used == 4)
        {
            block = Philox.Evaluate(key, ((uint)position, (uint)(position >> 32), (uint)stream, (uint)(stream >> 32)));
            position++;
            used = 0;
        }

        return used++ switch { 0 => block.X0, 1 => block.X1, 2 => block.X2, _ => block.X3 };
    }

    /// <summary>Next number, uniform on [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (((ulong)(NextUInt32() >> 5) << 26) | (NextUInt32() >> 6)) * (1.0 / (1UL << 53));

    /// <summary>Next integer, uniform on [0, <paramref name="exclusiveMax"/>), without modulo bias (Lemire 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusiveMax"/> is not positive.</exception>
    public int NextInt(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        var bound = (uint)exclusiveMax;
        var threshold = (0u - bound) % bound;
        while (true)
        {
            var product = (ulong)NextUInt32() * bound;
            if ((uint)product >= threshold)
            {
                return (int)(product >> 32);
            }
        }
    }

    /// <summary>Next standard normal number (Box-Muller, both values used).</summary>
    public double NextGaussian()
    {
        if (!double.IsNaN(spareGaussian))
        {
            var spare = spareGaussian;
            spareGaussian = double.NaN;
            return spare;
        }

        var (radius, angle) = (Math.Sqrt(-2 * Math.Log(1 - NextDouble())), 2 * Math.PI * NextDouble());
        spareGaussian = radius * Math.Sin(angle);
        return radius * Math.Cos(angle);
    }

    /// <summary>Puts the first <paramref name="count"/> entries of a random permutation of <paramref name="items"/> in front (Fisher-Yates).</summary>
    public void PartialShuffle<T>(Span<T> items, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, items.Length);
        for (var i = 0; i < count; i++)
        {
            var j = i + NextInt(items.Length - i);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
