using BatchEval.Core.Json;

namespace BatchEval.Core.Sampling.Configurations;

/// <summary>Reads the fields of a configuration.</summary>
/// <param name="problems">Receives what cannot be read or done.</param>
internal sealed class SchedulerReader(JsonInspector root, List<Problem> problems)
{
    /// <summary>Kind and ends of the betas, where they say all.</summary>
    public (string Kind, double Start, double End)? Betas { get; private set; }

    /// <summary>What was read; null where the class is unknown.</summary>
    public (string Class, SchedulerGrid Grid, PredictionType Prediction, string Solver, DataLimit? Limit)? Read()
    {
        var name = root.Text("_class_name");
        if (!SchedulerClass.All.TryGetValue(name, out var kind))
        {
            if (name.Length > 0)
            {
                root.Report("_class_name", $"is '{name}'; read are: {string.Join(", ", SchedulerClass.All.Keys)}.");
            }

            return null;
        }

        foreach (var field in root.Names.Where(n => !n.StartsWith('_') && !SchedulerClass.Known.Contains(n)))
        {
            root.Report(field, "is a field that no scheduler is known to have.");
        }

        root = root.Only(n => n.StartsWith('_') || kind.Fields.Contains(n));

        var flow = kind.Family == GridFamily.Flow || root.Flag("use_flow_sigmas", false);
        var prediction = Prediction(kind, flow);
        var solver = Solver(name);
        var limit = Limit(kind);
        var before = problems.Count;
        var noise = Noise(kind, flow, prediction);
        if (kind.Family == GridFamily.Sigma && root.Text("timestep_type", "discrete", "discrete", "continuous") == "continuous" && prediction != PredictionType.V)
        {
            root.Report("timestep_type", "is continuous, which diffusers supports with v_prediction only.");
        }

        if (flow && kind.Family == GridFamily.Multistep)
        {
            if (root.Flag("use_dynamic_shifting", false))
            {
                root.Report("use_dynamic_shifting", "is true, which is supported with FlowMatchEulerDiscreteScheduler only.");
            }

            if (root.Text("final_sigmas_type", "zero", "zero", "sigma_min") != "zero")
            {
                root.Report("final_sigmas_type", "is sigma_min with use_flow_sigmas, which is not supported.");
            }
        }

        if (root.Flag("invert_sigmas", false))
        {
            root.Report("invert_sigmas", "is true; levels that rise are not supported.");
        }

        return problems.Count > before ? null : (name, new SchedulerGrid(root, kind, noise), prediction, solver, limit);
    }

    private PredictionType Prediction(SchedulerClass kind, bool flow) =>
        kind.Family == GridFamily.Flow ? PredictionType.Flow
        : kind.Family == GridFamily.Edm && root.Text("prediction_type", "epsilon", "epsilon", "v_prediction") == "epsilon" ? PredictionType.Edm
        : root.Text("prediction_type", flow ? "flow_prediction" : "epsilon", "epsilon", "v_prediction", "sample", "flow_prediction") switch
        {
            "v_prediction" => PredictionType.V,
            "sample" => PredictionType.Sample,
            "flow_prediction" => PredictionType.Flow,
            _ => PredictionType.Epsilon,
        };

    private DataLimit? Limit(SchedulerClass kind) =>
        root.Flag("thresholding", false) ? Thresholding(root.Number("sample_max_value", 1, 1), root.Number("dynamic_thresholding_ratio", 0.995, 0, 1))
        : root.Flag("clip_sample", kind.Clips) ? Clamp(root.Number("clip_sample_range", 1, 1e-9))
        : null;

    private static DataLimit Clamp(double range) => new(-range, range);

    private static DataLimit Thresholding(double most, double ratio) => new(-most, most, ratio);

    private string Solver(string name)
    {
        var order = root.Integer("solver_order", 2, 1, 3);
        switch (name)
        {
            case "DDIMScheduler": return "ddim(clip-noise=0)";
            case "DDPMScheduler": return root.Text("variance_type", "fixed_small", "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned_range") switch
            {
                "fixed_large" or "fixed_large_log" => "ddpm(large=1)",
                "learned_range" => "ddpm(learned=1)",
                _ => "ddpm",
            };
            case "PNDMScheduler": return root.Flag("skip_prk_steps", false) ? "plms" : "pndm";
            case "LCMScheduler": return Core.Sampling.Solvers.Solver.Parse(FormattableString.Invariant($"lcm(scaling={root.Number("timestep_scaling", 10, 0, 1e6)})")).Name;
            case "TCDScheduler": return "tcd";
            case "EulerAncestralDiscreteScheduler": return "euler-ancestral";
            case "HeunDiscreteScheduler" or "FlowMatchHeunDiscreteScheduler": return "heun";
            case "LMSDiscreteScheduler": return "lms";
            case "FlowMatchEulerDiscreteScheduler": return root.Flag("stochastic_sampling", false) ? "lcm(scaling=1000000)" : "euler"; // D, then fresh noise: c_skip is below 1e-9
            case "DEISMultistepScheduler":
                LowersOrder(order);
                return order == 2 ? "deis" : $"deis(order={order})";
            case "UniPCMultistepScheduler": return UniPc(order);
            case "DPMSolverMultistepScheduler": return DpmSolver(order);
            default: return "euler";
        }
    }

    private string UniPc(int order)
    {
        var uncorrected = root.Integers("disable_corrector") ?? [];
        if (!uncorrected.Order().SequenceEqual(Enumerable.Range(0, uncorrected.Count)))
        {
            root.Report("disable_corrector", "lists steps without correction that are not the first ones, which is not supported.");
        }

        LowersOrder(order);
        if (root.Has("solver_p"))
        {
            root.Report("solver_p", "names another scheduler as predictor, which is not supported.");
        }

        var arguments = new List<string>();
        arguments.AddRange(root.Text("solver_type", "bh2", "bh1", "bh2", "midpoint", "heun", "logrho") == "bh1" ? ["bh=1"] : []);
        arguments.AddRange(root.Flag("predict_x0", true) ? [] : ["noise=1"]);
        arguments.AddRange(order == 2 ? [] : [$"order={order}"]);
        arguments.AddRange(uncorrected.Count == 0 ? [] : [$"uncorrected={uncorrected.Count}"]);
        return arguments.Count == 0 ? "unipc" : $"unipc({string.Join(',', arguments)})";
    }

    private string DpmSolver(int order)
    {
        if (root.Flag("euler_at_final", false) && root.Text("final_sigmas_type", "zero", "zero", "sigma_min") == "sigma_min")
        {
            root.Report("euler_at_final", "is true with an ending above 0, which is not supported.");
        }

        var algorithm = root.Text("algorithm_type", "dpmsolver++", "dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis");
        if (order == 3 || (order == 2 && algorithm == "dpmsolver"))
        {
            LowersOrder(order);
        }

        if (order == 3 && algorithm.StartsWith("sde-", StringComparison.Ordinal))
        {
            root.Report("solver_order", $"is 3 with {algorithm}, which is not supported; allowed: 1, 2.");
        }

        var type = root.Text("solver_type", "midpoint", "midpoint", "heun", "bh1", "bh2", "logrho");
        if (order == 2 && type == "heun" && algorithm == "dpmsolver")
        {
            root.Report("solver_type", "is heun with dpmsolver, which is not supported; allowed: midpoint.");
        }

        return algorithm switch
        {
            "dpmsolver" => order == 1 ? "ddim" : $"dpm-{order}m", // its first order is DDIM
            "sde-dpmsolver" => order == 1 ? "sde-dpm-1" : type == "heun" ? "sde-dpm-2m(heun=1)" : "sde-dpm-2m",
            "sde-dpmsolver++" => order == 1 ? "sde-dpmpp-1" : type == "heun" ? "sde-dpmpp-2m(heun=1)" : "sde-dpmpp-2m",
            _ => order switch { 1 => "dpmpp-1", 2 => type == "heun" ? "dpmpp-2m(heun=1)" : "dpmpp-2m", _ => "dpmpp-3m(diffusers=1)" },
        };
    }

    // Our multistep solvers end with lower orders in short runs, as the classes do by default.
    private void LowersOrder(int order)
    {
        if (order > 1 && !root.Flag("lower_order_final", true))
        {
            root.Report("lower_order_final", "is false, which is not supported with this solver.");
        }
    }

    private NoiseSchedule Noise(SchedulerClass kind, bool flow, PredictionType prediction)
    {
        var steps = root.Integer("num_train_timesteps", 1000, 2, 1_000_000);
        if (flow)
        {
            return new FlowNoiseSchedule(steps);
        }

        if (kind.Family == GridFamily.Edm)
        {
            return new LogSigmaNoiseSchedule(root.Number("sigma_min", 0.002, 1e-12), root.Number("sigma_max", 80, 1e-12), root.Number("sigma_data", 0.5, 1e-12));
        }

        if (kind.Family == GridFamily.Sigma && root.Text("timestep_type", "discrete", "discrete", "continuous") == "continuous")
        {
            return new LogSigmaNoiseSchedule(root.Number("sigma_min", 0.002, 1e-12), root.Number("sigma_max", 700, 1e-12));
        }

        try
        {
            return Discrete(kind, steps, prediction);
        }
        catch (ArgumentException error)
        {
            root.Report("beta_schedule", error.Message);
            return new SigmaNoiseSchedule(1, 2);
        }
    }

    private DiscreteNoiseSchedule Discrete(SchedulerClass kind, int steps, PredictionType prediction)
    {
        var (start, end) = (root.Number("beta_start", kind.BetaStart), root.Number("beta_end", kind.BetaEnd));
        var beta = root.Text("beta_schedule", kind.BetaSchedule, "linear", "scaled_linear", "squaredcos_cap_v2");
        var rescaled = root.Flag("rescale_betas_zero_snr", false);
        var listed = root.Numbers("trained_betas") is { Count: > 0 } betas ? betas : null;
        Betas = rescaled || listed is not null ? null : (beta switch { "scaled_linear" => "scaled-linear", "squaredcos_cap_v2" => "cosine", _ => beta }, start, end);
        var exact = listed is not null ? new DiscreteNoiseSchedule([.. listed])
            : beta == "scaled_linear" ? DiscreteNoiseSchedule.ScaledLinear(steps, start, end)
            : beta == "squaredcos_cap_v2" ? DiscreteNoiseSchedule.Cosine(steps)
            : DiscreteNoiseSchedule.Linear(steps, start, end);
        var single = exact.InSinglePrecision();
        if (!rescaled)
        {
            return single;
        }

        // Schedulers in sigma keep it finite; so does every network that predicts eps, which says nothing at pure noise.
        var finite = kind.Family is GridFamily.Sigma or GridFamily.Multistep || prediction == PredictionType.Epsilon;
        return single.WithoutSignalAtTheEnd(finite ? Math.Pow(2, -24) : 0);
    }
}
