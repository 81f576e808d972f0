namespace BatchEval.Core.Randomness;

/// <summary>Noise of a run some of whose samples have seeds of their own.</summary>
/// <param name="seed">The run's seed.</param>
/// <param name="seedOf">Seed of a sample, or null for the run's.</param>
public sealed class PerSampleNoiseBank(ulong seed, Func<long, ulong?> seedOf) : NoiseBank(seed)
{
    /// <inheritdoc/>
    public override void Fill(long sample, int draw, Span<float> destination)
    {
        if (seedOf(sample) is { } own)
        {
            new NoiseBank(own).Fill(0, draw, destination);
        }
        else
        {
            base.Fill(sample, draw, destination);
        }
    }
}
