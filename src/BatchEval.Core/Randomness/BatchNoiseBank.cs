namespace BatchEval.Core.Randomness;

/// <summary>
/// Noise that other programs draw for a whole batch at a time, one tensor [N, C, H, W] after another from one stream: start noise first, then one tensor per
/// step that adds noise. A tensor is drawn when its first sample is asked for and kept for the others.
/// </summary>
/// <param name="first">The batch's first sample.</param>
/// <param name="count">Samples in the batch.</param>
public sealed class BatchNoiseBank(NormalStream stream, long first, int count, ulong seed) : NoiseBank(seed)
{
    private readonly SortedDictionary<int, float[]> drawn = [];

    /// <exception cref="InvalidOperationException">A draw is asked for that lies before one that was drawn, or a sample that is not of the batch.</exception>
    public override void Fill(long sample, int draw, Span<float> destination)
    {
        var row = sample - first;
        if (row < 0 || row >= count)
        {
            throw new InvalidOperationException($"Sample {sample} is none of the batch's {count} from {first}.");
        }

        if (!drawn.TryGetValue(draw, out var tensor))
        {
            if (drawn.Count > 0 && draw < drawn.Keys.Last())
            {
                throw new InvalidOperationException($"Draw {draw} was asked for behind draw {drawn.Keys.Last()}; a stream has one order.");
            }

            tensor = new float[count * destination.Length];
            stream(tensor);
            drawn[draw] = tensor;
        }

        tensor.AsSpan((int)row * destination.Length, destination.Length).CopyTo(destination);
    }
}
