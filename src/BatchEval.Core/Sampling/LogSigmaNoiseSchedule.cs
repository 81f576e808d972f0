namespace BatchEval.Core.Sampling;

/// <summary>
/// The process of networks with EDM's preconditioning (Karras et al. 2022, table 1): the network is fed c_in (x0 + sigma eps) with
/// c_in = 1 / sqrt(sigma^2 + sigma_data^2) and told c_noise = ln(sigma) / 4. States are kept as the network is fed them, so
/// Alpha = c_in, Sigma = c_in sigma. With sigma_data = 1 the variance is preserved: diffusers' <c>timestep_type: continuous</c> (SVD).
/// </summary>
public sealed class LogSigmaNoiseSchedule : NoiseSchedule
{
    private readonly (double Low, double High) sigmas;

    /// <summary>Builds the process over [<paramref name="sigmaMin"/>, <paramref name="sigmaMax"/>].</summary>
    /// <exception cref="ArgumentException">Not 0 &lt; sigmaMin &lt; sigmaMax, or sigmaData not above 0.</exception>
    public LogSigmaNoiseSchedule(double sigmaMin, double sigmaMax, double sigmaData = 1)
    {
        if (!(sigmaMin > 0 && sigmaMax > sigmaMin && double.IsFinite(sigmaMax) && sigmaData > 0))
        {
            throw new ArgumentException($"Need 0 < sigmaMin < sigmaMax and 0 < sigmaData, got sigmaMin = {sigmaMin}, sigmaMax = {sigmaMax} and sigmaData = {sigmaData}.");
        }

        (sigmas, SigmaData) = ((sigmaMin, sigmaMax), sigmaData);
    }

    /// <summary>Standard deviation of the data.</summary>
    public double SigmaData { get; }

    public override NoiseProcess Process => NoiseProcess.Sigma;

    public override double MinTime => Time(sigmas.Low);

    public override double MaxTime => Time(sigmas.High);

    public override int? TrainSteps => null;

    public override double TimeOfRatio(double ratio) => Time(Math.Clamp(ratio, sigmas.Low, sigmas.High));

    public override double StartScale(NoiseLevel start) => SigmaData == 1 ? 1 : start.Sigma;

    protected override NoiseLevel Evaluate(double time)
    {
        var sigma = time == MinTime ? sigmas.Low : time == MaxTime ? sigmas.High : Math.Exp(4 * time);
        var alpha = 1 / Math.Sqrt((sigma * sigma) + (SigmaData * SigmaData));
        return new(time, alpha, alpha * sigma);
    }

    private static double Time(double sigma) => Math.Log(sigma) / 4;
}
