using BatchEval.Core.Randomness;

namespace BatchEval.Core.Search.Schedules;

/// <summary>Clean samples x0 and the noise that goes with each: the same numbers for every schedule that is compared.</summary>
/// <param name="values">x0 [N, size], row-major.</param>
/// <param name="size">Numbers per sample.</param>
/// <param name="firstSample">Sample index of the first clean sample, where they came from sampling; conditional models take labels from it.</param>
public sealed class SampleSet(float[] values, int size, ulong seed, long firstSample = 0)
{
    private readonly NoiseBank noise = new(seed);

    /// <summary>Number of clean samples.</summary>
    public int Count { get; } = size > 0 && values.Length > 0 && values.Length % size == 0
        ? values.Length / size
        : throw new ArgumentException($"{values.Length} numbers are not a whole number of samples of {size}.", nameof(values));

    /// <summary>Numbers per sample.</summary>
    public int Size => size;

    /// <summary>x0 of a path; paths beyond the number of samples begin again at the first, with fresh noise.</summary>
    public ReadOnlySpan<float> Clean(long path) => values.AsSpan((int)(path % Count) * size, size);

    public long Sample(long path) => firstSample + (path % Count);

    /// <summary>Standard normal noise of a path.</summary>
    public void Noise(long path, int draw, Span<float> destination) => noise.Fill(path, draw, destination);

    /// <summary>A uniform variate of a path, in (0, 1).</summary>
    public double Uniform(long path) => 1 - new PhiloxStream(seed, StreamKey.For("klub", path)).NextDouble();
}
