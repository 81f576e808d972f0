namespace BatchEval.Core.Sampling.Placement;

/// <summary>A schedule from a paper or tool.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Description">Model and source.</param>
/// <param name="Sigmas">Printed noise levels (sigma / alpha), largest first.</param>
/// <param name="Indices">Training indices of the levels, or null for a list of levels only.</param>
/// <param name="CalledAtLast">
/// True where the network is called at the last level too and a 0 follows it (A1111, Forge); false where the last level only says where the list
/// ends and 0 takes its place (diffusers, ComfyUI).
/// </param>
public sealed record PublishedSchedule(string Name, string Description, IReadOnlyList<double> Sigmas, IReadOnlyList<int>? Indices, bool CalledAtLast = false)
{
    // Levels are printed with few digits.
    private const double Printed = 0.003;
    private const double Relative = 0.001;

    /// <summary>
    /// The schedule for a number of calls: the published indices themselves where they are given, on models with the same noise; else the
    /// published levels, brought to that number by the routine of all tools, piecewise linear in log sigma over equally spaced positions.
    /// </summary>
    /// <param name="steps">Network calls, at least 1.</param>
    /// <exception cref="ArgumentException">A flow model, or one whose range of levels does not hold the list.</exception>
    public SamplingSchedule For(NoiseSchedule noise, int steps)
    {
        if (noise.Process == NoiseProcess.Flow)
        {
            throw new ArgumentException($"'{Name}' lists sigma / alpha of a model with Gaussian noise levels; a flow model's levels are u, and the list says nothing about them.");
        }

        var known = CalledAtLast ? Sigmas.Count : Sigmas.Count - 1;
        if (steps == known && Indices is not null && noise.TrainSteps is not null && Fits(noise))
        {
            return new SamplingSchedule("ays", Name, [.. Indices.Take(steps).Select(t => (double)t)]);
        }

        double[] levels = CalledAtLast ? Interpolate(Sigmas, steps) : [.. Interpolate(Sigmas, steps + 1).SkipLast(1)];
        return SamplingSchedule.OfRatios("ays", Name, noise, levels);
    }

    /// <summary>Piecewise linear in log sigma over equally spaced positions.</summary>
    /// <param name="sigmas">Known levels, all positive.</param>
    /// <param name="count">Number of levels wanted, at least 1.</param>
    public static double[] Interpolate(IReadOnlyList<double> sigmas, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return [.. Enumerable.Range(0, count).Select(i => At(sigmas, count == 1 ? 0 : (double)i * (sigmas.Count - 1) / (count - 1)))];
    }

    private static double At(IReadOnlyList<double> sigmas, double position)
    {
        var low = Math.Min((int)position, sigmas.Count - 2);
        return position == low ? sigmas[low]
            : position == low + 1 ? sigmas[low + 1]
            : Math.Exp(double.Lerp(Math.Log(sigmas[low]), Math.Log(sigmas[low + 1]), position - low));
    }

    private bool Fits(NoiseSchedule noise) =>
        Indices!.Zip(Sigmas).All(p => p.First <= noise.MaxTime && Math.Abs(noise.At(p.First).Ratio - p.Second) < Printed + (Relative * p.Second));
}

/// <summary>Schedules optimised by Align Your Steps (Sabour et al. 2024, table 3 and the authors' how-to page), and lists that circulate under its name.</summary>
public static class PublishedSchedules
{
    public static IReadOnlyList<PublishedSchedule> All { get; } =
    [
        new("sd15", "Stable Diffusion 1.5, Align Your Steps, 10 steps", [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
            [999, 850, 736, 645, 545, 455, 343, 233, 124, 24, 0]),
        new("sdxl", "Stable Diffusion XL, Align Your Steps, 10 steps", [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029],
            [999, 845, 730, 587, 443, 310, 193, 116, 53, 13, 0]),
        new("deepfloyd", "DeepFloyd-IF stage 1, Align Your Steps, 10 steps", [160.41, 8.081, 3.315, 1.885, 1.207, 0.785, 0.553, 0.293, 0.186, 0.030, 0.006],
            [995, 920, 811, 686, 555, 418, 315, 174, 109, 12, 0]),
        new("svd", "Stable Video Diffusion (continuous), Align Your Steps, 10 steps", [700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
            null),
        new("sd15-32", "Stable Diffusion 1.5, list of 32 used by Forge and reForge; not from NVIDIA, origin unverified",
            [14.615, 11.240, 8.644, 6.647, 5.573, 4.716, 3.992, 3.520, 3.135, 2.792, 2.488, 2.217, 1.975, 1.779, 1.615, 1.465, 1.315, 1.166, 1.035,
             0.916, 0.807, 0.712, 0.622, 0.531, 0.453, 0.375, 0.275, 0.201, 0.141, 0.067, 0.032, 0.015], null, CalledAtLast: true),
        new("sdxl-32", "Stable Diffusion XL, list of 32 used by Forge and reForge; not from NVIDIA, origin unverified",
            [14.615, 11.149, 8.505, 6.488, 5.437, 4.604, 3.899, 3.274, 2.744, 2.300, 1.954, 1.671, 1.429, 1.232, 1.068, 0.926, 0.803, 0.697, 0.604,
             0.529, 0.468, 0.414, 0.363, 0.310, 0.265, 0.223, 0.177, 0.140, 0.106, 0.055, 0.029, 0.015], null, CalledAtLast: true),
    ];

    /// <summary>Finds a schedule.</summary>
    /// <exception cref="ArgumentException">No schedule has that name; the message lists all.</exception>
    public static PublishedSchedule Find(string name) =>
        All.FirstOrDefault(s => s.Name == name)
            ?? throw new ArgumentException($"Unknown preset '{name}'. Known: {string.Join(", ", All.Select(s => s.Name))}.", nameof(name));
}
