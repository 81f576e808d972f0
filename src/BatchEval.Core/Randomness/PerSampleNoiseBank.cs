namespace BatchEval.Core.Randomness;

/// <summary>Noise of a run some of whose samples have seeds of their own.</summary>
/// <param name="seedOf">Seed of a sample, or null for the run's.</param>
/// <param name="indexOf">Which of the samples with the same seed it is; left out: always the first, so that equal seeds give equal noise.</param>
public sealed class PerSampleNoiseBank(ulong seed, Func<long, ulong?> seedOf, Func<long, long>? indexOf = null) : NoiseBank(seed)
{
    public override void Fill(long sample, int draw, Span<float> destination)
    {
        if (seedOf(sample) is { } own)
        {
            new NoiseBank(own).Fill(indexOf?.Invoke(sample) ?? 0, draw, destination);
        }
        else
        {
            base.Fill(sample, draw, destination);
        }
    }
}
