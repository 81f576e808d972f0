namespace BatchEval.Core.Sampling;

/// <summary>
/// A variance-preserving process given by T betas: abar_t = prod (1 - beta_s), Alpha = sqrt(abar), Sigma = sqrt(1 - abar).
/// Times are training indices 0..T-1; between them ln(Sigma / Alpha) is interpolated linearly, as k-diffusion does.
/// </summary>
public sealed class DiscreteNoiseSchedule : NoiseSchedule
{
    private readonly double[] logRatios;

    /// <summary>Builds the process from its betas.</summary>
    /// <param name="betas">At least two values, each in (0, 1).</param>
    /// <exception cref="ArgumentException">Too few betas, or one outside (0, 1).</exception>
    public DiscreteNoiseSchedule(ReadOnlySpan<double> betas)
    {
        if (betas.Length < 2)
        {
            throw new ArgumentException($"A discrete noise schedule needs at least 2 betas, got {betas.Length}.", nameof(betas));
        }

        logRatios = new double[betas.Length];
        var cumulative = new double[betas.Length];
        var product = 1.0;
        for (var t = 0; t < betas.Length; t++)
        {
            if (!(betas[t] > 0 && betas[t] < 1))
            {
                throw new ArgumentException($"beta[{t}] is {betas[t]}; every beta must lie in (0, 1).", nameof(betas));
            }

            product *= 1 - betas[t];
            cumulative[t] = product;
            logRatios[t] = 0.5 * Math.Log((1 - product) / product);
        }

        CumulativeAlphas = cumulative;
    }

    /// <summary>abar_0..abar_{T-1}.</summary>
    public IReadOnlyList<double> CumulativeAlphas { get; }

    /// <inheritdoc/>
    public override NoiseProcess Process => NoiseProcess.Discrete;

    /// <inheritdoc/>
    public override double MinTime => 0;

    /// <inheritdoc/>
    public override double MaxTime => logRatios.Length - 1;

    /// <inheritdoc/>
    public override int? TrainSteps => logRatios.Length;

    /// <summary>Betas linear in time (Ho et al. 2020).</summary>
    public static DiscreteNoiseSchedule Linear(int trainSteps, double betaStart, double betaEnd) =>
        FromBetas(trainSteps, u => betaStart + ((betaEnd - betaStart) * u));

    /// <summary>Square roots of the betas linear in time (latent diffusion).</summary>
    public static DiscreteNoiseSchedule ScaledLinear(int trainSteps, double betaStart, double betaEnd) =>
        FromBetas(trainSteps, u => Math.Pow(Math.Sqrt(betaStart) + ((Math.Sqrt(betaEnd) - Math.Sqrt(betaStart)) * u), 2));

    /// <summary>abar(t) = cos^2((t + 0.008) / 1.008 * pi / 2), betas capped (Nichol and Dhariwal 2021, eq. 17).</summary>
    public static DiscreteNoiseSchedule Cosine(int trainSteps, double maxBeta = 0.999)
    {
        var betas = new double[trainSteps];
        for (var i = 0; i < trainSteps; i++)
        {
            betas[i] = Math.Min(1 - (CosineAlpha((i + 1.0) / trainSteps) / CosineAlpha((double)i / trainSteps)), maxBeta);
        }

        return new DiscreteNoiseSchedule(betas);
    }

    /// <inheritdoc/>
    public override double TimeOfRatio(double ratio)
    {
        var target = Math.Log(ratio);
        if (!(target > logRatios[0]))
        {
            return 0;
        }

        if (target >= logRatios[^1])
        {
            return MaxTime;
        }

        var index = Array.BinarySearch(logRatios, target);
        if (index >= 0)
        {
            return index;
        }

        var high = ~index;
        return high - 1 + ((target - logRatios[high - 1]) / (logRatios[high] - logRatios[high - 1]));
    }

    /// <inheritdoc/>
    public override double StartScale(NoiseLevel start) => 1;

    /// <inheritdoc/>
    protected override NoiseLevel Evaluate(double time)
    {
        var low = (int)Math.Floor(time);
        if (low == time)
        {
            return new(time, Math.Sqrt(CumulativeAlphas[low]), Math.Sqrt(1 - CumulativeAlphas[low]));
        }

        var logRatio = logRatios[low] + ((time - low) * (logRatios[low + 1] - logRatios[low]));
        var ratio = Math.Exp(logRatio);
        var alpha = 1 / Math.Sqrt(1 + (ratio * ratio));
        return new(time, alpha, alpha * ratio);
    }

    private static double CosineAlpha(double t) => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2);

    private static DiscreteNoiseSchedule FromBetas(int trainSteps, Func<double, double> beta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainSteps, 2);
        return new DiscreteNoiseSchedule([.. Enumerable.Range(0, trainSteps).Select(t => beta((double)t / (trainSteps - 1)))]);
    }
}
