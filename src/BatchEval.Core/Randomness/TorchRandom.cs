namespace BatchEval.Core.Randomness;

/// <summary>The stream of normal numbers of PyTorch's CPU generator (mt19937, Box-Muller on blocks of 16).</summary>
/// <param name="seed">As in <c>torch.Generator().manual_seed(seed)</c>; its lower 32 bits count.</param>
public sealed class TorchRandom(ulong seed)
{
    private const int Block = 16;
    private readonly MersenneTwister generator = new((uint)seed);

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
            data[i] = (generator.NextUInt32() & 0xFFFFFF) / 16777216f;
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
}
