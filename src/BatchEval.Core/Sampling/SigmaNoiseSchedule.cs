namespace BatchEval.Core.Sampling;

/// <summary>A variance-exploding process whose time is its sigma: x = x0 + t * eps (Karras et al. 2022).</summary>
public sealed class SigmaNoiseSchedule : NoiseSchedule
{
    /// <summary>Builds the process over [<paramref name="sigmaMin"/>, <paramref name="sigmaMax"/>].</summary>
    /// <exception cref="ArgumentException">Not 0 &lt; sigmaMin &lt; sigmaMax.</exception>
    public SigmaNoiseSchedule(double sigmaMin, double sigmaMax)
    {
        if (!(sigmaMin > 0 && sigmaMax > sigmaMin && double.IsFinite(sigmaMax)))
        {
            throw new ArgumentException($"Need 0 < sigmaMin < sigmaMax, got sigmaMin = {sigmaMin} and sigmaMax = {sigmaMax}.");
        }

        (MinTime, MaxTime) = (sigmaMin, sigmaMax);
    }

    public override NoiseProcess Process => NoiseProcess.Sigma;

    public override double MinTime { get; }

    public override double MaxTime { get; }

    public override int? TrainSteps => null;

    public override double TimeOfRatio(double ratio) => Math.Clamp(ratio, MinTime, MaxTime);

    public override double StartScale(NoiseLevel start) => start.Sigma;

    protected override NoiseLevel Evaluate(double time) => new(time, 1, time);
}
