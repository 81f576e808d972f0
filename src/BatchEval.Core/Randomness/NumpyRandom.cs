namespace BatchEval.Core.Randomness;

/// <summary>
/// The stream of <c>numpy.random.RandomState(seed).randn</c>, which diffusers' ONNX pipelines draw from: mt19937 with 53 bits per number, normal numbers in pairs
/// by Marsaglia's polar method. NumPy keeps this stream fixed.
/// </summary>
/// <param name="seed">The seed; its lower 32 bits count.</param>
public sealed class NumpyRandom(ulong seed)
{
    private readonly MersenneTwister generator = new((uint)seed);
    private double? spare;

    /// <summary>The next numbers, rounded to single precision.</summary>
    public void Normal(Span<float> data)
    {
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = (float)Next();
        }
    }

    private double Next()
    {
        if (spare is { } second)
        {
            spare = null;
            return second;
        }

        while (true)
        {
            var (a, b) = ((2 * Uniform()) - 1, (2 * Uniform()) - 1);
            var square = (a * a) + (b * b);
            if (square is < 1 and not 0)
            {
                var factor = Math.Sqrt(-2 * Math.Log(square) / square);
                spare = factor * a;
                return factor * b;
            }
        }
    }

    private double Uniform()
    {
        var (high, low) = (generator.NextUInt32() >> 5, generator.NextUInt32() >> 6);
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }
}
