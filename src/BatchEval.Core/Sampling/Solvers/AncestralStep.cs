namespace BatchEval.Core.Sampling.Solvers;

/// <summary>k-diffusion's split of a step in sigma / alpha: down to where the noise brings it back up, r_down^2 + r_up^2 = r'^2.</summary>
internal static class AncestralStep
{
    /// <summary>r_up = min(r', eta r' sqrt(1 - r'^2 / r^2)).</summary>
    public static (double Down, double Up) Split(double from, double to, double eta)
    {
        var up = Math.Min(to, eta * to * Math.Sqrt(Math.Max(0, 1 - (to * to / (from * from)))));
        return (Math.Sqrt(Math.Max(0, (to * to) - (up * up))), up);
    }

    /// <summary>The exponential step of x / alpha to a ratio: (r'/r) x / alpha + (1 - r'/r) D, as coefficients of x and of D.</summary>
    public static (double State, double Data) Exponential(NoiseLevel from, double to) => (to / from.Sigma, 1 - (to / from.Ratio));

    /// <summary>The level halfway in log(sigma / alpha) between a level and a ratio, where the network can be called.</summary>
    public static NoiseLevel Halfway(NoiseLevel from, double to, NoiseSchedule schedule)
    {
        var start = Math.Min(from.Ratio, schedule.At(schedule.MaxRatioTime).Ratio);
        var time = schedule.Nearest(schedule.TimeOfRatio(Math.Sqrt(start * to)));
        return schedule.At(time);
    }
}
