namespace BatchEval.Core.Sampling.Placement;

/// <summary>Starts below a model's largest time, from which placement rules often do better with few steps.</summary>
public static class TrimmedStart
{
    /// <summary>Shares of the range of times that are tried for uniform grids.</summary>
    public static IReadOnlyList<double> Shares { get; } = [0.9, 0.8, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4];

    /// <summary>The time at a share of the range, which begins at 0, or at the smallest time of models whose times are negative (ln sigma).</summary>
    public static double At(NoiseSchedule noise, double share)
    {
        var low = Math.Min(0, noise.MinTime);
        var time = low + (share * (noise.MaxTime - low));
        return noise.TrainSteps is null ? time : Math.Round(time);
    }
}
