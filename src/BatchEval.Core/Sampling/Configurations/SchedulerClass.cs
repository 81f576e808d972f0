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
/// <param name="Own">Fields beside those that all classes with betas have, parted by blanks.</param>
internal sealed record SchedulerClass(
    GridFamily Family, string Spacing = "linspace", double BetaStart = 1e-4, double BetaEnd = 0.02, string BetaSchedule = "linear", bool Clips = false, bool? AlphaToOne = null, string Own = "")
{
    private const string Betas = "beta_start beta_end beta_schedule trained_betas timestep_spacing steps_offset";
    private const string Lists = " use_karras_sigmas use_exponential_sigmas use_beta_sigmas";
    private const string Thresholding = " thresholding dynamic_thresholding_ratio sample_max_value";
    private const string Clipping = " clip_sample clip_sample_range";
    private const string ZeroSnr = " rescale_betas_zero_snr";
    private const string Multistep = "solver_order solver_type lower_order_final use_flow_sigmas flow_shift use_dynamic_shifting time_shift_type" + Lists + Thresholding;
    private const string Distilled = "original_inference_steps timestep_scaling set_alpha_to_one" + ZeroSnr;

    public static IReadOnlyDictionary<string, SchedulerClass> All { get; } = new SortedDictionary<string, SchedulerClass>(StringComparer.Ordinal)
    {
        ["DDIMScheduler"] = new(GridFamily.Whole, "leading", Clips: true, AlphaToOne: true, Own: "set_alpha_to_one" + ZeroSnr + Clipping + Thresholding),
        ["DDPMScheduler"] = new(GridFamily.Whole, "leading", Clips: true, Own: "variance_type" + ZeroSnr + Clipping + Thresholding),
        ["PNDMScheduler"] = new(GridFamily.Whole, "leading", AlphaToOne: false, Own: "skip_prk_steps set_alpha_to_one"),
        ["LCMScheduler"] = new(GridFamily.Distilled, "leading", 0.00085, 0.012, "scaled_linear", AlphaToOne: true, Own: Distilled + Clipping + Thresholding),
        ["TCDScheduler"] = new(GridFamily.Distilled, "leading", 0.00085, 0.012, "scaled_linear", AlphaToOne: true, Own: Distilled), // it has fields for clipping and thresholding, and does neither
        ["EulerDiscreteScheduler"] = new(GridFamily.Sigma, Own: "interpolation_type timestep_type sigma_min sigma_max final_sigmas_type" + ZeroSnr + Lists),
        ["EulerAncestralDiscreteScheduler"] = new(GridFamily.Sigma, Own: ZeroSnr),
        ["HeunDiscreteScheduler"] = new(GridFamily.Sigma, BetaStart: 0.00085, BetaEnd: 0.012, Own: Lists + Clipping),
        ["LMSDiscreteScheduler"] = new(GridFamily.Sigma, Own: Lists),
        ["DPMSolverMultistepScheduler"] = new(GridFamily.Multistep, Own: "algorithm_type euler_at_final use_lu_lambdas final_sigmas_type lambda_min_clipped variance_type " + Multistep + ZeroSnr),
        ["UniPCMultistepScheduler"] = new(GridFamily.Multistep, Own: "predict_x0 disable_corrector solver_p final_sigmas_type sigma_min sigma_max shift_terminal " + Multistep + ZeroSnr),
        ["DEISMultistepScheduler"] = new(GridFamily.Multistep, Own: "algorithm_type " + Multistep),
        ["FlowMatchEulerDiscreteScheduler"] = new(
            GridFamily.Flow, Own: "shift use_dynamic_shifting base_shift max_shift base_image_seq_len max_image_seq_len invert_sigmas shift_terminal time_shift_type stochastic_sampling" + Lists),
        ["FlowMatchHeunDiscreteScheduler"] = new(GridFamily.Flow, Own: "shift"),
        ["EDMEulerScheduler"] = new(GridFamily.Edm, Own: "sigma_min sigma_max sigma_data sigma_schedule rho final_sigmas_type"),
    };

    /// <summary>The fields that the class has; others in its file have no effect, as in diffusers.</summary>
    public IReadOnlySet<string> Fields { get; } = new HashSet<string>(
        $"num_train_timesteps prediction_type {(Family is GridFamily.Flow or GridFamily.Edm ? string.Empty : Betas)} {Own}".Split(' ', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);

    /// <summary>Fields of these classes. A file made for one class is read for another, so a known field is never an error; one that nobody knows is.</summary>
    public static IReadOnlySet<string> Known { get; } = new HashSet<string>(All.Values.SelectMany(c => c.Fields), StringComparer.Ordinal);
}
