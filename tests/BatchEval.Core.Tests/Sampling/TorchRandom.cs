namespace BatchEval.Core.Tests.Sampling;

/// <summary>The stream of PyTorch's CPU generator (mt19937, 16-blocked Box-Muller), needed by one published value.</summary>
internal sealed class TorchRandom
{
    private readonly uint[] state = new uint[624];
    private int index = 624;

    public TorchRandom(uint seed)
    {
        state[0] = seed;
        for (var i = 1u; i < 624; i++)
        {
            state[i] = (1812433253u * (state[i - 1] ^ (state[i - 1] >> 30))) + i;
        }
    }

    public float[] Normal(int count)
    {
        if (count < 16 || count % 16 != 0)
        {
            throw new ArgumentException("Only multiples of 16 are needed here.", nameof(count));
        }

        var data = new float[count];
        for (var i = 0; i < count; i++)
        {
            data[i] = (NextUInt32() & 0xFFFFFF) / 16777216f;
        }

        for (var block = 0; block < count; block += 16)
        {
            for (var j = block; j < block + 8; j++)
            {
                var radius = MathF.Sqrt(-2 * MathF.Log(1 - data[j]));
                var theta = 2 * MathF.PI * data[j + 8];
                (data[j], data[j + 8]) = (radius * MathF.Cos(theta), radius * MathF.Sin(theta));
            }
        }

        return data;
    }

    private uint NextUInt32()
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
