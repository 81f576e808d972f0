using System.Numerics;

namespace BatchEval.Core.Sampling.Skipping;

/// <summary>
/// Differences of one sample's latents x_0, x_1, ... as they arrive, in double precision. Backward differences: first d = x_k - x_(k-1),
/// third d3 = x_k - 3 x_(k-1) + 3 x_(k-2) - x_(k-3). Keeps one earlier latent for the scalar criterion and three for the tensor one.
/// </summary>
/// <typeparam name="T">Element type of latents.</typeparam>
/// <param name="tensor">Whether third differences are wanted.</param>
internal sealed class LatentChange<T>(bool tensor)
    where T : unmanaged, INumberBase<T>
{
    // Newest first.
    private readonly List<T[]> earlier = [];
    private readonly double[] means = [double.NaN, double.NaN, double.NaN];

    /// <summary>Mean |d| of the newest step (0) and of the two before it; NaN where there is none yet.</summary>
    public double Mean(int age) => means[age];

    /// <summary>Euclidean norm of the first difference one step ago.</summary>
    public double PreviousNorm { get; private set; } = double.NaN;

    /// <summary>Euclidean norm of the newest third difference.</summary>
    public double ThirdNorm { get; private set; } = double.NaN;

    private double Norm { get; set; } = double.NaN;

    /// <summary>Takes the next latent in.</summary>
    public void Observe(ReadOnlySpan<T> latent)
    {
        if (earlier.Count > 0)
        {
            Measure(latent);
        }

        var slot = new T[latent.Length];
        if (earlier.Count == (tensor ? 3 : 1))
        {
            slot = earlier[^1];
            earlier.RemoveAt(earlier.Count - 1);
        }

        latent.CopyTo(slot);
        earlier.Insert(0, slot);
    }

    private void Measure(ReadOnlySpan<T> latent)
    {
        var (absolute, square, third) = (0.0, 0.0, 0.0);
        for (var i = 0; i < latent.Length; i++)
        {
            var now = double.CreateChecked(latent[i]);
            var d = now - double.CreateChecked(earlier[0][i]);
            absolute += Math.Abs(d);
            square += d * d;
            if (earlier.Count == 3)
            {
                var d3 = now - (3 * (double.CreateChecked(earlier[0][i]) - double.CreateChecked(earlier[1][i]))) - double.CreateChecked(earlier[2][i]);
                third += d3 * d3;
            }
        }

        (means[2], means[1], means[0]) = (means[1], means[0], absolute / latent.Length);
        (PreviousNorm, Norm) = (Norm, Math.Sqrt(square));
        ThirdNorm = earlier.Count == 3 ? Math.Sqrt(third) : double.NaN;
    }
}
