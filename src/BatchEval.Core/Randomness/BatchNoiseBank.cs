namespace BatchEval.Core.Randomness;

/// <summary>
/// Noise that other programs draw for a whole batch at a time, one tensor [N, C, H, W] after another from one stream: start noise first, then one tensor per
/// step that adds noise. A tensor is drawn when its first sample is asked for, and kept until each of the others has been asked for once.
/// </summary>
/// <param name="first">The batch's first sample.</param>
/// <param name="count">Samples in the batch.</param>
public sealed class BatchNoiseBank(NormalStream stream, long first, int count, ulong seed) : NoiseBank(seed)
{
    private readonly Dictionary<int, (float[] Tensor, int Left)> kept = [];
    private int last = int.MinValue;

    /// <exception cref="InvalidOperationException">A draw is asked for that lies before one that was drawn, or a sample that is not of the batch.</exception>
    public override void Fill(long sample, int draw, Span<float> destination)
    {
        var row = sample - first;
        if (row < 0 || row >= count)
        {
            throw new InvalidOperationException($"Sample {sample} is none of the batch's {count} from {first}.");
        }

        if (!kept.TryGetValue(draw, out var tensor))
        {
            if (draw <= last)
            {
                throw new InvalidOperationException($"Draw {draw} was asked for behind draw {last}, or once more; the stream gives draws in order, and each once for every sample.");
            }

            if ((long)count * destination.Length > Array.MaxLength)
            {
                throw new InvalidOperationException($"A tensor of {count} x {destination.Length} numbers is more than can be drawn at once; draw fewer samples.");
            }

            var values = new float[count * destination.Length];
            stream(values);
            (tensor, last) = ((values, count), draw);
        }

        tensor.Tensor.AsSpan((int)row * destination.Length, destination.Length).CopyTo(destination);
        if (tensor.Left == 1)
        {
            kept.Remove(draw);
        }
        else
        {
            kept[draw] = (tensor.Tensor, tensor.Left - 1);
        }
    }
}
