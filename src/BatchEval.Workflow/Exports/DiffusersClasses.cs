namespace BatchEval.Workflow.Exports;

/// <summary>How a scheduler class takes a list of levels.</summary>
internal enum ListArgument
{
    /// <summary><c>timesteps=</c>, whole numbers, the end follows by itself.</summary>
    Timesteps,

    /// <summary><c>timesteps=</c>, or <c>sigmas=</c> with 0 as last entry.</summary>
    TimestepsOrSigmas,

    /// <summary><c>sigmas=</c>, u without the 0, which the class appends.</summary>
    FlowSigmas,

    /// <summary><c>sigmas=</c>, positions on the class's own Karras curve, without the 0.</summary>
    KarrasPositions,
}

/// <summary>A scheduler class of diffusers.</summary>
/// <param name="List">How it takes levels.</param>
/// <param name="Abilities">What else it can do.</param>
/// <param name="Options">Options that a pipeline's configuration may carry and that would bend the list or the method, with the values that do not.</param>
internal sealed record DiffusersClass(ListArgument List, FormAbilities Abilities, params IReadOnlyList<(string Name, string Value)> Options)
{
    /// <summary>Version of diffusers whose classes these are.</summary>
    public const string Version = "0.40.0.dev0 (58eb52c, 2026-08-23)";

    private static readonly (string, string)[] NoOtherSigmas = [("use_karras_sigmas", "False"), ("use_exponential_sigmas", "False"), ("use_beta_sigmas", "False")];

    /// <summary>The classes by name. With a list <c>timestep_spacing</c> changes nothing but the start noise of classes in sigma: "leading" gives a variance of 1.</summary>
    public static IReadOnlyDictionary<string, DiffusersClass> All { get; } = new SortedDictionary<string, DiffusersClass>(StringComparer.Ordinal)
    {
        ["EulerDiscreteScheduler"] = new(
            ListArgument.TimestepsOrSigmas, new(Fractions: true, FreeStart: false),
            [.. NoOtherSigmas, ("timestep_spacing", "\"leading\""), ("timestep_type", "\"discrete\""), ("interpolation_type", "\"linear\""), ("final_sigmas_type", "\"zero\"")]),
        ["DDPMScheduler"] = new(ListArgument.Timesteps, new(Clamps: true, FreeStart: false), [("timestep_spacing", "\"leading\""), ("thresholding", "False")]),
        ["HeunDiscreteScheduler"] = new(ListArgument.Timesteps, new(Clamps: true, FreeStart: false), [.. NoOtherSigmas, ("timestep_spacing", "\"leading\"")]),
        ["DPMSolverMultistepScheduler"] = new(
            ListArgument.Timesteps, new(FreeStart: false),
            [
                .. NoOtherSigmas, ("use_lu_lambdas", "False"), ("use_flow_sigmas", "False"), ("use_dynamic_shifting", "False"), ("solver_type", "\"midpoint\""),
                ("lower_order_final", "False"), ("euler_at_final", "False"), ("final_sigmas_type", "\"zero\""), ("thresholding", "False"), ("timestep_spacing", "\"leading\""), ("variance_type", "None"),
            ]),
        ["FlowMatchEulerDiscreteScheduler"] = new(
            ListArgument.FlowSigmas, new(Fractions: true),
            [.. NoOtherSigmas, ("shift", "1.0"), ("use_dynamic_shifting", "False"), ("shift_terminal", "None"), ("invert_sigmas", "False"), ("stochastic_sampling", "False")]),
        ["EDMEulerScheduler"] = new(ListArgument.KarrasPositions, new(Fractions: true), [("sigma_schedule", "\"karras\""), ("final_sigmas_type", "\"zero\"")]),
    };

    /// <summary>Why a class does not fit the model's network; null where it does.</summary>
    public static string? Misfit(string name, ExportSubject subject) => name != "EDMEulerScheduler" || (subject.Schedule, subject.Manifest.Denoiser.Prediction) switch
    {
        (SigmaNoiseSchedule, PredictionType.Sample) or (LogSigmaNoiseSchedule, PredictionType.Edm) => true,
        (LogSigmaNoiseSchedule edm, PredictionType.V) => edm.SigmaData == 1,
        _ => false,
    } ? null : "prediction: the class is for networks with EDM's preconditioning";

    /// <summary>Standard deviation, as the network was trained, of the state that a class starts from.</summary>
    public static double StartOf(string name, ExportSubject subject) => StartsAtSigma(name, subject) ? subject.Levels[0].Sigma : 1;

    // Classes in sigma start from sqrt(sigma^2 + 1), or from sigma, of their largest level.
    private static bool StartsAtSigma(string name, ExportSubject subject) =>
        name is "EulerDiscreteScheduler" or "HeunDiscreteScheduler" && Math.Abs(subject.StartScale - subject.Levels[0].Sigma) < Math.Abs(subject.StartScale - 1);

    /// <summary>Options that follow from the model.</summary>
    public static IEnumerable<(string Name, string Value)> OfModel(string name, ExportSubject subject)
    {
        var sample = subject.Manifest.Sample;
        if (subject.Schedule.Process == NoiseProcess.Discrete)
        {
            yield return ("prediction_type", subject.Manifest.Denoiser.Prediction switch { PredictionType.V => "\"v_prediction\"", PredictionType.Sample => "\"sample\"", _ => "\"epsilon\"" });
        }

        if (subject.Schedule is LogSigmaNoiseSchedule edm)
        {
            yield return ("prediction_type", subject.Manifest.Denoiser.Prediction == PredictionType.V ? "\"v_prediction\"" : "\"epsilon\"");
            yield return ("sigma_data", PythonText.Number(edm.SigmaData));
        }

        if (StartsAtSigma(name, subject))
        {
            yield return ("timestep_spacing", "\"trailing\"");
        }

        if (name is "EulerDiscreteScheduler" or "DDPMScheduler" or "DPMSolverMultistepScheduler")
        {
            yield return ("rescale_betas_zero_snr", PythonText.Flag(subject.Schedule.At(subject.Schedule.MaxTime).Alpha < 1e-4));
        }

        if (All[name].Abilities.Clamps)
        {
            yield return ("clip_sample", PythonText.Flag(sample.Limit is not null));
            yield return ("clip_sample_range", PythonText.Number(sample.Limit?.High ?? 1));
        }
    }
}
