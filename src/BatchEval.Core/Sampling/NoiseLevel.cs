namespace BatchEval.Core.Sampling;

/// <summary>One point of a noising process: x = Alpha * x0 + Sigma * eps.</summary>
/// <param name="Time">The model's own time (training index, or sigma); NaN for <see cref="Clean"/>.</param>
/// <param name="Alpha">Signal scale, in [0, 1]; 0 where nothing is left of x0.</param>
/// <param name="Sigma">Noise scale, at least 0.</param>
public readonly record struct NoiseLevel(double Time, double Alpha, double Sigma)
{
    private const double LeastAlpha = 1e-6;

    /// <summary>No noise at all; where sampling normally ends.</summary>
    public static NoiseLevel Clean { get; } = new(double.NaN, 1, 0);

    /// <summary>Noise-to-signal ratio Sigma / Alpha, the "sigma" of Karras et al. 2022 and k-diffusion.</summary>
    public double Ratio => Sigma / Alpha;

    /// <summary>
    /// Half the log signal-to-noise ratio, lambda = ln(Alpha / Sigma) (Lu et al. 2022); +infinity when clean. Pure noise has that of
    /// Alpha = 1e-6, as in diffusers, so that polynomials in lambda exist everywhere.
    /// </summary>
    public double Lambda => Sigma == 0 ? double.PositiveInfinity : Math.Log((Alpha == 0 ? LeastAlpha : Alpha) / Sigma);

    /// <summary>True when no signal is left.</summary>
    public bool IsPureNoise => Alpha == 0;

    /// <summary>True when no noise is left.</summary>
    public bool IsClean => Sigma == 0;
}
