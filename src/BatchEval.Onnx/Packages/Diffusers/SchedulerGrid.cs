using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Onnx.Packages.Diffusers;

/// <summary>Where a scheduler of diffusers calls the network when it is given a number of steps.</summary>
/// <param name="Rule">Placement rule; ignored by flow models.</param>
/// <param name="Offset">Added by the leading rule.</param>
/// <param name="End">Time at which sampling stops; null for no noise at all.</param>
public sealed record SchedulerGrid(string Rule, int Offset = 0, double? End = null)
{
    /// <summary>s of flow models: u' = s u / (1 + (s - 1) u).</summary>
    public double Shift { get; init; } = 1;

    /// <summary>mu of flow models is linear in image tokens through (256, Base) and (4096, Max); null for a fixed shift.</summary>
    public (double Base, double Max, int BaseTokens, int MaxTokens)? Dynamic { get; init; }

    /// <summary>Whether the pipeline hands over sigmas 1 .. 1/n itself, as Flux does.</summary>
    public bool FromPipeline { get; init; }

    /// <summary>The schedule of a number of steps.</summary>
    /// <param name="noise">The model's process.</param>
    /// <param name="steps">n.</param>
    /// <param name="tokens">Image tokens, for dynamic shifts.</param>
    public SamplingSchedule Create(NoiseSchedule noise, int steps, int tokens)
    {
        ArgumentNullException.ThrowIfNull(noise);
        if (noise is not FlowNoiseSchedule flow)
        {
            var schedule = PlacementRules.Create(Rule, noise, steps, new PlacementOptions(Offset: Offset));
            return End is { } end && schedule.Times[^1] > end ? schedule with { End = end } : schedule;
        }

        // diffusers, FlowMatchEulerDiscreteScheduler.set_timesteps: without given sigmas the ends of its own table are shifted, and the grid between them once more.
        double[] u = FromPipeline ? Line(1, 1.0 / steps, steps) : Line(Shifted(1, tokens), Shifted(1 / flow.TimeScale, tokens), steps);
        return SamplingSchedule.OfTimes("diffusers", "flow-match", noise, Array.ConvertAll(u, v => Shifted(v, tokens) * flow.TimeScale));
    }

    private double Shifted(double u, int tokens)
    {
        if (Dynamic is not { } d)
        {
            return Shift * u / (1 + ((Shift - 1) * u));
        }

        var mu = d.Base + ((d.Max - d.Base) * (tokens - d.BaseTokens) / (d.MaxTokens - d.BaseTokens));
        return Math.Exp(mu) / (Math.Exp(mu) + ((1 / u) - 1));
    }

    private static double[] Line(double first, double last, int count) =>
        [.. Enumerable.Range(0, count).Select(i => count == 1 ? first : first + ((last - first) * i / (count - 1)))];
}
