namespace BatchEval.Core.Randomness;

/// <summary>
/// The fixed noise and labels of a run: every number is a pure function of (seed, sample index, draw, element), so sample 17 starts
/// from the same noise for every candidate, on every worker and at every batch size (common random numbers).
/// </summary>
public class NoiseBank(ulong seed)
{
    /// <summary>Draw number of a sample's start noise; the noise injected by step k is draw k + 1.</summary>
    public const int StartDraw = 0;

    private const uint LabelDraw = uint.MaxValue;
    private const double Unit = 1.0 / 4294967296.0;

    /// <summary>Fills <paramref name="destination"/> with standard normal numbers for one sample and one draw.</summary>
    /// <param name="sample">Sample index, at least 0.</param>
    /// <param name="draw"><see cref="StartDraw"/>, or 1 + the index of the step that injects the noise.</param>
    /// <param name="destination">All elements of one sample, in the model's memory order.</param>
    public virtual void Fill(long sample, int draw, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sample);
        ArgumentOutOfRangeException.ThrowIfNegative(draw);
        Span<float> four = stackalloc float[4];
        for (var i = 0; i < destination.Length; i += 4)
        {
            var (x0, x1, x2, x3) = Philox.Evaluate(seed, ((uint)(i / 4), (uint)draw, (uint)sample, (uint)(sample >> 32)));
            (four[0], four[1]) = BoxMuller(x0, x1);
            (four[2], four[3]) = BoxMuller(x2, x3);
            four[..Math.Min(4, destination.Length - i)].CopyTo(destination[i..]);
        }
    }

    /// <summary>The class label of one sample, uniform on [0, <paramref name="classes"/>).</summary>
    public int Label(long sample, int classes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sample);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        var (x0, _, _, _) = Philox.Evaluate(seed, (0, LabelDraw, (uint)sample, (uint)(sample >> 32)));
        return (int)(((ulong)x0 * (uint)classes) >> 32);
    }

    private static (float, float) BoxMuller(uint first, uint second)
    {
        var radius = Math.Sqrt(-2 * Math.Log((first + 0.5) * Unit));
        var (sin, cos) = Math.SinCos(2 * Math.PI * (second + 0.5) * Unit);
        return ((float)(radius * cos), (float)(radius * sin));
    }
}
