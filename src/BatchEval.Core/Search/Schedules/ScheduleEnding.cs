namespace BatchEval.Core.Search.Schedules;

/// <summary>What a tool does at the end of a list of n + 1 sigmas; the same list gives different images under different endings.</summary>
public enum ScheduleEnding
{
    /// <summary>Sampling stops at the last sigma, which is not 0: n network calls, some noise is left (NVIDIA's how-to page).</summary>
    StopAtLast,

    /// <summary>The last sigma is replaced by 0: n network calls (diffusers' <c>AysSchedules</c>, ComfyUI).</summary>
    LastIsZero,

    /// <summary>A 0 is appended: n + 1 network calls (A1111, Forge).</summary>
    AppendZero,
}

/// <summary>What endings mean for a list of sigmas.</summary>
public static class ScheduleEndings
{
    /// <summary>The sigmas that a sampler walks through under an ending, the last included.</summary>
    public static double[] Apply(this ScheduleEnding ending, IReadOnlyList<double> knots)
    {
        SigmaKnots.CheckDescending(knots);
        return ending switch
        {
            ScheduleEnding.StopAtLast => [.. knots],
            ScheduleEnding.LastIsZero => [.. knots.Take(knots.Count - 1), 0],
            _ => knots[^1] == 0 ? [.. knots] : [.. knots, 0],
        };
    }

    /// <summary>The ending in words, for exports and people.</summary>
    public static string Describe(this ScheduleEnding ending) => ending switch
    {
        ScheduleEnding.StopAtLast => "Sampling stops at the last sigma, where no network call is made; the noise of that level is left in the sample (NVIDIA's how-to page).",
        ScheduleEnding.LastIsZero => "The last sigma is 0 in place of the schedule's smallest knot: the last network call is at the last sigma but one, and its data prediction is the sample (diffusers, ComfyUI).",
        _ => "A 0 is appended to the schedule: the network is also called at its smallest knot, one call more than its number of steps (A1111, Forge).",
    };

    /// <summary>Short names as they stand in files and on the command line.</summary>
    public static string Name(this ScheduleEnding ending) => ending switch
    {
        ScheduleEnding.StopAtLast => "stop",
        ScheduleEnding.LastIsZero => "zero",
        _ => "append-zero",
    };
}
