namespace BatchEval.Core.Sampling;

/// <summary>
/// The straight-line process of flow matching, u in (0, 1]: x = (1 - u) * x0 + u * eps (Lipman et al. 2023).
/// The model's time is <c>u * TimeScale</c>. At u = 1 nothing is left of x0.
/// </summary>
public sealed class FlowNoiseSchedule : NoiseSchedule
{
    private const double Margin = 1e-4;

    /// <summary>Builds the process for a model whose time input runs from 0 to <paramref name="timeScale"/> (1 or 1000).</summary>
    public FlowNoiseSchedule(double timeScale = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(timeScale);
        TimeScale = timeScale;
    }

    /// <summary>The model's time at u = 1.</summary>
    public double TimeScale { get; }

    public override NoiseProcess Process => NoiseProcess.Flow;

    public override double MinTime => Margin * TimeScale;

    public override double MaxTime => TimeScale;

    public override double MaxRatioTime => (1 - Margin) * TimeScale;

    public override int? TrainSteps => null;

    public override double TimeOfRatio(double ratio) =>
        double.IsPositiveInfinity(ratio) ? MaxTime : Math.Clamp(TimeScale * ratio / (1 + ratio), MinTime, MaxTime);

    public override double TimeOfSigma(double sigma) => Math.Clamp(TimeScale * sigma, MinTime, MaxTime);

    public override double StartScale(NoiseLevel start) => start.Sigma;

    protected override NoiseLevel Evaluate(double time) => new(time, 1 - (time / TimeScale), time / TimeScale);
}
