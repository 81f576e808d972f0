namespace BatchEval.Core.Randomness;

/// <summary>The next numbers of a stream of standard normal numbers.</summary>
public delegate void NormalStream(Span<float> destination);

/// <summary>
/// Noise that other programs draw one tensor after another: each sample has a stream of its own, start noise first, then one tensor per step that adds
/// noise. Draws of a sample must be asked for in order, as one sampler does; so this source serves single samplers and no searches.
/// </summary>
/// <param name="streamOf">Begins the stream of a sample.</param>
public sealed class SequentialNoiseBank(Func<long, NormalStream> streamOf, ulong seed) : NoiseBank(seed)
{
    private readonly Dictionary<long, (NormalStream Stream, int Draw)> streams = [];

    /// <exception cref="InvalidOperationException">An earlier draw is asked for once more.</exception>
    public override void Fill(long sample, int draw, Span<float> destination)
    {
        var (stream, last) = streams.TryGetValue(sample, out var known) && draw > StartDraw ? known : (streamOf(sample), -1);
        if (draw <= last)
        {
            throw new InvalidOperationException($"Draw {draw} of sample {sample} was asked for behind draw {last}; a stream has one order.");
        }

        stream(destination);
        streams[sample] = (stream, draw);
    }
}
