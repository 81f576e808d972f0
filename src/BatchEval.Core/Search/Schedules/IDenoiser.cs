namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// A denoiser D(x, sigma) = E[x0 | x0 + sigma eps = x] in variance-exploding coordinates, learned or exact. Schedules are computed in these
/// coordinates whatever the model's own are, because there the paper's weight is sigma^-3 without further factors.
/// </summary>
public interface IDenoiser
{
    /// <summary>Numbers per sample.</summary>
    int Size { get; }

    /// <summary>Denoises a batch; costs one network call per sample.</summary>
    /// <param name="states">States [N, Size].</param>
    /// <param name="sigmas">Noise levels [N].</param>
    /// <param name="samples">Sample indices [N], which conditional models take their labels and prompts from.</param>
    /// <param name="output">Receives D [N, Size].</param>
    void Denoise(float[] states, double[] sigmas, long[] samples, float[] output);
}

public sealed class CountingDenoiser(IDenoiser inner) : IDenoiser
{
    /// <summary>Network calls so far.</summary>
    public long Calls { get; private set; }

    public int Size => inner.Size;

    public void Denoise(float[] states, double[] sigmas, long[] samples, float[] output)
    {
        Calls += sigmas.Length;
        inner.Denoise(states, sigmas, samples, output);
    }
}
