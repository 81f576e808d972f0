namespace BatchEval.Core.Randomness;

/// <summary>
/// Noise as diffusers draws it on the processor when every image has a generator of its own: sample i from the seed plus i, start noise first, then
/// one tensor per step that adds noise. Draws of a sample must be asked for in order, as one sampler does; so this source serves single samplers
/// and no searches.
/// </summary>
/// <param name="seedOf">Seed of a sample.</param>
/// <param name="seed">Seed of labels.</param>
public sealed class TorchNoiseBank(Func<long, ulong> seedOf, ulong seed) : NoiseBank(seed)
{
    private readonly Dictionary<long, (TorchRandom Random, int Draw)> streams = [];

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">An earlier draw is asked for once more.</exception>
    public override void Fill(long sample, int draw, Span<float> destination)
    {
        var stream = streams.TryGetValue(sample, out var known) && draw > StartDraw ? known : (new TorchRandom(seedOf(sample)), -1);
        if (draw <= stream.Item2)
        {
            throw new InvalidOperationException($"Draw {draw} of sample {sample} was asked for behind draw {stream.Item2}; PyTorch's stream has one order.");
        }

        stream.Item1.Normal(destination);
        streams[sample] = (stream.Item1, draw);
    }
}
