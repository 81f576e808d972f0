using BatchEval.Core.Search.Schedules;

namespace BatchEval.Tests.Shared;

/// <summary>A mixture's ideal denoiser.</summary>
public sealed class MixtureDenoiser(GaussianMixture mixture) : IDenoiser
{
    public int Size => mixture.Dimensions;

    public void Denoise(float[] states, double[] sigmas, long[] samples, float[] output)
    {
        Span<double> x = new double[Size], d = new double[Size];
        for (var n = 0; n < sigmas.Length; n++)
        {
            for (var i = 0; i < Size; i++)
            {
                x[i] = states[(n * Size) + i];
            }

            mixture.Denoise(x, sigmas[n], d);
            for (var i = 0; i < Size; i++)
            {
                output[(n * Size) + i] = (float)d[i];
            }
        }
    }
}
