namespace BatchEval.Core.Randomness;

/// <summary>mt19937 (Matsumoto and Nishimura 1998), seeded by one word, as PyTorch's and NumPy's generators are.</summary>
internal sealed class MersenneTwister
{
    private readonly uint[] state = new uint[624];
    private int index = 624;

    public MersenneTwister(uint seed)
    {
        state[0] = seed;
        for (var i = 1u; i < 624; i++)
        {
            state[i] = (1812433253u * (state[i - 1] ^ (state[i - 1] >> 30))) + i;
        }
    }

    /// <summary>Next word, uniform on [0, 2^32).</summary>
    public uint NextUInt32()
    {
        if (index == 624)
        {
            for (var i = 0; i < 624; i++)
            {
                var y = (state[i] & 0x80000000u) | (state[(i + 1) % 624] & 0x7FFFFFFFu);
                state[i] = state[(i + 397) % 624] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DFu);
            }

            index = 0;
        }

        var x = state[index++];
        x ^= x >> 11;
        x ^= (x << 7) & 0x9D2C5680u;
        x ^= (x << 15) & 0xEFC60000u;
        return x ^ (x >> 18);
    }
}
