using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Onnx.Packages.Diffusers;

/// <summary>What a <c>scheduler_config.json</c> of diffusers says about the noise a model was trained on. Fields that are absent have the defaults of its class.</summary>
/// <param name="Scheduler">Class.</param>
/// <param name="Schedule">The noising process.</param>
/// <param name="Prediction">What the network's output means.</param>
/// <param name="ClipRange">Whether and where data predictions are clamped; null for not at all.</param>
public sealed record SchedulerConfig(string Scheduler, NoiseSchedule Schedule, PredictionType Prediction, double? ClipRange)
{
    /// <summary>Where it calls the network.</summary>
    public required SchedulerGrid Grid { get; init; }

    /// <summary>The solver that computes what it computes, or null where there is none.</summary>
    public string? Solver { get; init; }

    private static readonly string[] Clipping = ["DDIMScheduler", "DDPMScheduler", "DDPMParallelScheduler", "DDIMParallelScheduler"];

    /// <summary>The process as <c>model.json</c> says it.</summary>
    /// <exception cref="ProblemException">A list of betas, which only diffusers folders have.</exception>
    public JsonObject Description() => Schedule switch
    {
        FlowNoiseSchedule flow => new() { ["type"] = "flow", ["timeScale"] = flow.TimeScale },
        _ when Betas is null => throw new ProblemException($"The {Scheduler} lists its betas one by one (trained_betas), which {ModelPackage.ManifestFile} cannot say."),
        _ when Betas!.Value.Kind == "cosine" => new() { ["type"] = "cosine", ["trainSteps"] = Schedule.TrainSteps },
        _ => new() { ["type"] = Betas!.Value.Kind, ["trainSteps"] = Schedule.TrainSteps, ["betaStart"] = Betas!.Value.Start, ["betaEnd"] = Betas!.Value.End },
    };

    private (string Kind, double Start, double End)? Betas { get; init; }

    /// <summary>Name of the file.</summary>
    public const string File = "scheduler_config.json";

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="ProblemException">It is damaged, or a process that is not supported.</exception>
    public static SchedulerConfig Read(string path)
    {
        var problems = new List<Problem>();
        var json = System.IO.File.ReadAllText(path);
        if (JsonInspector.Parse(json, problems) is { } parsed)
        {
            using (parsed.Document)
            {
                var config = Read(parsed.Root);
                if (problems.Count == 0)
                {
                    return config;
                }
            }
        }

        throw new ProblemException($"The scheduler configuration '{path}'", problems);
    }

    private static SchedulerConfig Read(JsonInspector root)
    {
        var scheduler = root.Text("_class_name");
        var steps = root.Integer("num_train_timesteps", 1000, 2, 1_000_000);
        // DDIM without noise is Euler's method in u, and begins where nothing of x0 is left.
        if (scheduler.StartsWith("FlowMatch", StringComparison.Ordinal))
        {
            return new SchedulerConfig(scheduler, new FlowNoiseSchedule(steps), PredictionType.Flow, null) { Grid = FlowGrid(root), Solver = Known("ddim") };
        }

        var prediction = root.Text("prediction_type", "epsilon", "epsilon", "v_prediction", "sample", "flow_prediction") switch
        {
            "v_prediction" => PredictionType.V,
            "sample" => PredictionType.Sample,
            "flow_prediction" => PredictionType.Flow,
            _ => PredictionType.Epsilon,
        };
        var clips = root.Flag("clip_sample", Clipping.Contains(scheduler));
        return new SchedulerConfig(
            scheduler, Process(root, scheduler, steps, out var betas), prediction, clips ? root.Number("clip_sample_range", 1, 1e-9) : null) { Grid = Placement(root, scheduler), Solver = Known(SolverOf(root, scheduler)), Betas = betas };
    }

    // DDIM in diffusers keeps the network's noise where it clamps x0.
    private static string? SolverOf(JsonInspector root, string scheduler) => scheduler switch
    {
        "DDIMScheduler" or "DDIMParallelScheduler" => "ddim(clip-noise=0)",
        "DDPMScheduler" or "DDPMParallelScheduler" => "ddpm",
        "EulerDiscreteScheduler" => "euler",
        "EulerAncestralDiscreteScheduler" => "euler-ancestral",
        "HeunDiscreteScheduler" => "heun",
        "PNDMScheduler" => root.Flag("skip_prk_steps", false) ? "plms" : "pndm",
        "LCMScheduler" => "lcm",
        "DEISMultistepScheduler" => "deis",
        "UniPCMultistepScheduler" => $"unipc(order={root.Integer("solver_order", 2, 1, 3)})",
        "DPMSolverMultistepScheduler" => (root.Text("algorithm_type", "dpmsolver++"), root.Integer("solver_order", 2, 1, 3)) switch
        {
            ("dpmsolver++", 3) => "dpmpp-3m(diffusers=1)",
            ("dpmsolver++", 1) => "dpmpp-1",
            ("dpmsolver++", _) => "dpmpp-2m",
            ("sde-dpmsolver++", 1) => "sde-dpmpp-1",
            ("sde-dpmsolver++", 2) => "sde-dpmpp-2m",
            _ => null,
        },
        _ => null,
    };

    private static string? Known(string? solver) => solver is not null && SolverRegistry.Find(solver.Split('(')[0]) is not null ? solver : null;

    private static SchedulerGrid FlowGrid(JsonInspector root) => new("flow")
    {
        Shift = root.Number("shift", 1, 1e-9),
        Dynamic = root.Flag("use_dynamic_shifting", false)
            ? (root.Number("base_shift", 0.5), root.Number("max_shift", 1.15), root.Integer("base_image_seq_len", 256, 1), root.Integer("max_image_seq_len", 4096, 2))
            : null,
    };

    // Classes differ in their default spacing, and in the level that follows the last call.
    private static SchedulerGrid Placement(JsonInspector root, string scheduler)
    {
        var leading = scheduler.StartsWith("DDIM", StringComparison.Ordinal) || scheduler.StartsWith("DDPM", StringComparison.Ordinal) || scheduler is "PNDMScheduler" or "LCMScheduler";
        var rule = root.Flag("use_karras_sigmas", false) ? "karras"
            : root.Flag("use_exponential_sigmas", false) ? "exponential"
            : root.Flag("use_beta_sigmas", false) ? "beta-sigmas"
            : root.Text("timestep_spacing", leading ? "leading" : "linspace", "leading", "trailing", "linspace");
        var stops = leading && !scheduler.StartsWith("DDPM", StringComparison.Ordinal) && !root.Flag("set_alpha_to_one", scheduler != "PNDMScheduler");
        return new SchedulerGrid(rule, root.Integer("steps_offset", 0), stops || root.Text("final_sigmas_type", "zero", "zero", "sigma_min") == "sigma_min" ? 0 : null);
    }

    private static DiscreteNoiseSchedule Process(JsonInspector root, string scheduler, int steps, out (string Kind, double Start, double End)? kept)
    {
        kept = null;
        var harmless = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
        if (root.Flag("rescale_betas_zero_snr", false))
        {
            root.Report("rescale_betas_zero_snr", "is true; processes that end without any signal are not supported yet.");
            return harmless;
        }

        // Classes whose own defaults are those of latent diffusion.
        var latent = scheduler is "LCMScheduler" or "HeunDiscreteScheduler" or "KDPM2DiscreteScheduler" or "KDPM2AncestralDiscreteScheduler";
        try
        {
            if (root.Numbers("trained_betas") is { Count: > 0 } betas)
            {
                return new DiscreteNoiseSchedule([.. betas]);
            }

            var (start, end) = (root.Number("beta_start", latent ? 0.00085 : 1e-4), root.Number("beta_end", latent ? 0.012 : 0.02));
            var kind = root.Text("beta_schedule", scheduler == "LCMScheduler" ? "scaled_linear" : "linear", "linear", "scaled_linear", "squaredcos_cap_v2") switch
            {
                "scaled_linear" => "scaled-linear",
                "squaredcos_cap_v2" => "cosine",
                _ => "linear",
            };
            kept = (kind, start, end);
            return kind switch
            {
                "scaled-linear" => DiscreteNoiseSchedule.ScaledLinear(steps, start, end),
                "cosine" => DiscreteNoiseSchedule.Cosine(steps),
                _ => DiscreteNoiseSchedule.Linear(steps, start, end),
            };
        }
        catch (ArgumentException error)
        {
            root.Report("beta_schedule", error.Message);
            return harmless;
        }
    }
}
