namespace BatchEval.Core.Randomness;

/// <summary>The stream of normal numbers of PyTorch's CPU generator (mt19937, Box-Muller on blocks of 16).</summary>
public sealed class TorchRandom
{
    private const int Block = 16;
    private readonly uint[] state = new uint[624];
    private int index = 624;

    /// <summary>Begins as <c>torch.Generator().manual_seed(seed)</c> does; of the seed the lower 32 bits count.</summary>
    public TorchRandom(ulong seed)
    {
        state[0] = (uint)seed;
        for (var i = 1u; i < 624; i++)
        {
            state[i] = (1812433253u * (state[i - 1] ^ (state[i - 1] >> 30))) + i;
        }
    }

    /// <summary>The next numbers of <c>torch.randn</c>.</summary>
    /// <param name="data">At least 16; smaller tensors are drawn by another rule.</param>
    /// <exception cref="ArgumentException">Fewer than 16.</exception>
    public void Normal(Span<float> data)
    {
        if (data.Length < Block)
        {
            throw new ArgumentException($"PyTorch draws tensors of fewer than {Block} elements by another rule; got {data.Length}.", nameof(data));
        }

        Uniform(data);
        for (var block = 0; block + Block <= data.Length; block += Block)
        {
            BoxMuller(data.Slice(block, Block));
        }

        if (data.Length % Block != 0)
        {
            // The last 16 values are drawn once more where blocks do not fit.
            Uniform(data[^Block..]);
            BoxMuller(data[^Block..]);
        }
    }

    private void Uniform(Span<float> data)
    {
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = (NextUInt32() & 0xFFFFFF) / 16777216f;
        }
    }

    private static void BoxMuller(Span<float> data)
    {
        for (var j = 0; j < Block / 2; j++)
        {
            var radius = MathF.Sqrt(-2 * MathF.Log(1 - data[j]));
            var theta = 2 * MathF.PI * data[j + (Block / 2)];
            (data[j], data[j + (Block / 2)]) = (radius * MathF.Cos(theta), radius * MathF.Sin(theta));
        }
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
