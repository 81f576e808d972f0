namespace BatchEval.Core.Sampling.Solvers;

/// <summary>A scheduler class of diffusers set up as one of our solvers.</summary>
/// <param name="Options">The options that make it this solver, as Python literals.</param>
public sealed record DiffusersScheduler(string Class, params IReadOnlyList<(string Name, string Value)> Options)
{
    /// <summary>DDIM without noise is Euler's method in sigma / alpha, and in u for flow models.</summary>
    public static DiffusersScheduler Euler(NoiseProcess process) => process switch
    {
        NoiseProcess.Discrete => new("EulerDiscreteScheduler"),
        NoiseProcess.Flow => new("FlowMatchEulerDiscreteScheduler"),
        _ => new("EDMEulerScheduler"),
    };
}

/// <summary>A sampler of k-diffusion and ComfyUI set up as one of our solvers.</summary>
/// <param name="Name">Name in ComfyUI; the function of k-diffusion is <c>sample_</c> and the name.</param>
/// <param name="Options">Options, as Python literals.</param>
public sealed record KSampler(string Name, params IReadOnlyList<(string Name, string Value)> Options)
{
    /// <summary>False where ComfyUI's sampler of that name computes something else.</summary>
    public bool InComfyUi { get; init; } = true;

    /// <summary>ComfyUI's node that takes options of the sampler, and its inputs in their order; null where KSamplerSelect takes the name.</summary>
    public (string Class, IReadOnlyList<string> Inputs)? ComfyNode { get; init; }

    /// <summary>Euler's method.</summary>
    public static KSampler Euler { get; } = new("euler");

    /// <summary>Euler's method with ancestral noise; not for flow models, where ComfyUI adds noise by another rule.</summary>
    public static KSampler? Ancestral(NoiseProcess process, double eta) =>
        eta == 0 ? Euler : process == NoiseProcess.Flow ? null : new("euler_ancestral", ("eta", FormattableString.Invariant($"{eta}"))) { ComfyNode = ("SamplerEulerAncestral", ["eta", "s_noise"]) };
}
