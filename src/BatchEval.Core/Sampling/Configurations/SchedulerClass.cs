namespace BatchEval.Core.Sampling.Configurations;

/// <summary>How a scheduler class of diffusers lays its grid.</summary>
internal enum GridFamily
{
    /// <summary>n indices, both ends included where evenly spaced: DDIM, DDPM, PNDM.</summary>
    Whole,

    /// <summary>n real times, levels in sigma: Euler, Heun, LMS.</summary>
    Sigma,

    /// <summary>The first n of n + 1 indices: DPM-Solver, UniPC, DEIS.</summary>
    Multistep,

    /// <summary>Steps of the distillation: LCM, TCD.</summary>
    Distilled,

    Flow,

    /// <summary>EDM's own preconditioning.</summary>
    Edm,
}

/// <summary>A scheduler class of diffusers: its grid and where its defaults differ.</summary>
/// <param name="Spacing">Default of <c>timestep_spacing</c>.</param>
/// <param name="BetaStart">Default of <c>beta_start</c>.</param>
/// <param name="BetaEnd">Default of <c>beta_end</c>.</param>
/// <param name="BetaSchedule">Default of <c>beta_schedule</c>.</param>
/// <param name="Clips">Default of <c>clip_sample</c>.</param>
/// <param name="AlphaToOne">Default of <c>set_alpha_to_one</c>; null where the class has no such field.</param>
internal sealed record SchedulerClass(
    GridFamily Family, string Spacing = "linspace", double BetaStart = 1e-4, double BetaEnd = 0.02, string BetaSchedule = "linear", bool Clips = false, bool? AlphaToOne = null)
{
    public static IReadOnlyDictionary<string, SchedulerClass> All { get; } = new SortedDictionary<string, SchedulerClass>(StringComparer.Ordinal)
    {
        ["DDIMScheduler"] = new(GridFamily.Whole, "leading", Clips: true, AlphaToOne: true),
        ["DDPMScheduler"] = new(GridFamily.Whole, "leading", Clips: true),
        ["PNDMScheduler"] = new(GridFamily.Whole, "leading", AlphaToOne: false),
        ["LCMScheduler"] = new(GridFamily.Distilled, "leading", 0.00085, 0.012, "scaled_linear", AlphaToOne: true),
        ["TCDScheduler"] = new(GridFamily.Distilled, "leading", 0.00085, 0.012, "scaled_linear", AlphaToOne: true),
        ["EulerDiscreteScheduler"] = new(GridFamily.Sigma),
        ["EulerAncestralDiscreteScheduler"] = new(GridFamily.Sigma),
        ["HeunDiscreteScheduler"] = new(GridFamily.Sigma, BetaStart: 0.00085, BetaEnd: 0.012),
        ["LMSDiscreteScheduler"] = new(GridFamily.Sigma),
        ["DPMSolverMultistepScheduler"] = new(GridFamily.Multistep),
        ["UniPCMultistepScheduler"] = new(GridFamily.Multistep),
        ["DEISMultistepScheduler"] = new(GridFamily.Multistep),
        ["FlowMatchEulerDiscreteScheduler"] = new(GridFamily.Flow),
        ["FlowMatchHeunDiscreteScheduler"] = new(GridFamily.Flow),
        ["EDMEulerScheduler"] = new(GridFamily.Edm),
    };

    /// <summary>
    /// Fields of these and related classes. A file made for one class is read for another by ignoring what the other does not have, so a known field is
    /// never an error; one that nobody knows is.
    /// </summary>
    public static IReadOnlyList<string> Fields { get; } =
    [
        "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "rescale_betas_zero_snr", "prediction_type", "timestep_spacing", "steps_offset",
        "timestep_type", "interpolation_type", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas", "sigma_min", "sigma_max", "final_sigmas_type",
        "set_alpha_to_one", "clip_sample", "clip_sample_range", "thresholding", "dynamic_thresholding_ratio", "sample_max_value", "skip_prk_steps", "solver_order", "solver_type",
        "algorithm_type", "lower_order_final", "euler_at_final", "predict_x0", "disable_corrector", "solver_p", "lambda_min_clipped", "variance_type", "use_flow_sigmas", "flow_shift",
        "use_dynamic_shifting", "time_shift_type", "original_inference_steps", "timestep_scaling", "shift", "base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len",
        "invert_sigmas", "shift_terminal", "stochastic_sampling", "rho", "sigma_data", "sigma_schedule",
    ];
}
