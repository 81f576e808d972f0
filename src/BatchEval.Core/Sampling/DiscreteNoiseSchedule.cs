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
        : this(new Cumulative(Cumulate(betas)))
    {
    }

    private DiscreteNoiseSchedule(Cumulative alphas)
    {
        logRatios = Array.ConvertAll(alphas.Values, a => 0.5 * Math.Log((1 - a) / a));
        CumulativeAlphas = alphas.Values;
    }

    // keeps arrays of abar apart from arrays of betas
    private readonly record struct Cumulative(double[] Values);

    /// <summary>abar_0..abar_{T-1}; the last is 0 where nothing is left of x0.</summary>
    public IReadOnlyList<double> CumulativeAlphas { get; }

    /// <summary>The process with given abar_0..abar_{T-1}.</summary>
    /// <param name="cumulative">At least two values, strictly descending in (0, 1); the last may be 0.</param>
    /// <exception cref="ArgumentException">The values are no process.</exception>
    public static DiscreteNoiseSchedule OfCumulativeAlphas(IReadOnlyList<double> cumulative)
    {
        if (cumulative.Count < 2)
        {
            throw new ArgumentException($"A discrete noise schedule needs at least 2 values of abar, got {cumulative.Count}.", nameof(cumulative));
        }

        for (var t = 0; t < cumulative.Count; t++)
        {
            var a = cumulative[t];
            if (!(a < (t == 0 ? 1 : cumulative[t - 1]) && (a > 0 || (a == 0 && t == cumulative.Count - 1))))
            {
                throw new ArgumentException($"abar[{t}] is {a}; abar must descend strictly within (0, 1), and only the last may be 0.", nameof(cumulative));
            }
        }

        return new(new Cumulative([.. cumulative]));
    }

    public override NoiseProcess Process => NoiseProcess.Discrete;

    public override double MinTime => 0;

    public override double MaxTime => logRatios.Length - 1;

    public override int? TrainSteps => logRatios.Length;

    public override double MaxRatioTime => CumulativeAlphas[^1] == 0 ? MaxTime - 1 : MaxTime;

    /// <summary>
    /// The same process in single precision, as diffusers computes it: betas, alphas and abar are rounded to it, products are not.
    /// </summary>
    public DiscreteNoiseSchedule InSinglePrecision()
    {
        var (single, product, before) = (new double[logRatios.Length], 1.0, 1.0);
        for (var t = 0; t < single.Length; t++)
        {
            var beta = (float)(1 - (CumulativeAlphas[t] / before));
            before = CumulativeAlphas[t];
            product *= (float)(1 - beta);
            single[t] = (float)product;
        }

        return new(new Cumulative(single));
    }

    /// <summary>
    /// The same process shifted and scaled so that nothing is left of x0 at its end: sqrt(abar) minus its last value, times what keeps its first
    /// (Lin et al. 2023, algorithm 1).
    /// </summary>
    /// <param name="last">abar of the last step in place of 0; diffusers' schedulers in sigma use 2^-24, so that sigma is finite.</param>
    public DiscreteNoiseSchedule WithoutSignalAtTheEnd(double last = 0)
    {
        var (first, end) = (Math.Sqrt(CumulativeAlphas[0]), Math.Sqrt(CumulativeAlphas[^1]));
        double[] shifted = [.. CumulativeAlphas.Select(a => Math.Pow((Math.Sqrt(a) - end) * first / (first - end), 2))];
        shifted[^1] = last;
        return OfCumulativeAlphas(shifted);
    }

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

    public override double StartScale(NoiseLevel start) => 1;

    protected override NoiseLevel Evaluate(double time)
    {
        var low = (int)Math.Floor(time);
        if (low == time)
        {
            return new(time, Math.Sqrt(CumulativeAlphas[low]), Math.Sqrt(1 - CumulativeAlphas[low]));
        }

        if (double.IsPositiveInfinity(logRatios[low + 1]))
        {
            // towards no signal there is no logarithm: alpha falls linearly
            var share = Math.Sqrt(CumulativeAlphas[low]) * (low + 1 - time);
            return new(time, share, Math.Sqrt(1 - (share * share)));
        }

        var logRatio = logRatios[low] + ((time - low) * (logRatios[low + 1] - logRatios[low]));
        var ratio = Math.Exp(logRatio);
        var alpha = 1 / Math.Sqrt(1 + (ratio * ratio));
        return new(time, alpha, alpha * ratio);
    }

    private static double[] Cumulate(ReadOnlySpan<double> betas)
    {
        if (betas.Length < 2)
        {
            throw new ArgumentException($"A discrete noise schedule needs at least 2 betas, got {betas.Length}.", nameof(betas));
        }

        var (cumulative, product) = (new double[betas.Length], 1.0);
        for (var t = 0; t < betas.Length; t++)
        {
            if (!(betas[t] > 0 && betas[t] < 1))
            {
                throw new ArgumentException($"beta[{t}] is {betas[t]}; every beta must lie in (0, 1).", nameof(betas));
            }

            product *= 1 - betas[t];
            cumulative[t] = product;
        }

        return cumulative;
    }

    private static double CosineAlpha(double t) => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2);

    private static DiscreteNoiseSchedule FromBetas(int trainSteps, Func<double, double> beta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainSteps, 2);
        return new DiscreteNoiseSchedule([.. Enumerable.Range(0, trainSteps).Select(t => beta((double)t / (trainSteps - 1)))]);
    }
}
