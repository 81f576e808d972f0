using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Core.Sampling.Configurations;

/// <summary>The grid of a scheduler class, in the order of operations of diffusers.</summary>
internal sealed class SchedulerGrid
{
    private const int ShortRun = 15;
    private readonly SchedulerClass kind;
    private readonly string spacing;
    private readonly string? levels;
    private readonly int offset;
    private readonly int trained;
    private readonly bool logLinear;
    private readonly bool endsAtFirst;
    private readonly double leastLambda;
    private readonly int originalSteps;
    private readonly double rho;
    private readonly (double? Low, double? High) sigmas;
    private readonly FlowShift? shift;
    private readonly bool uniPc;
    private readonly bool deis;
    private readonly bool lowersOrder;

    public SchedulerGrid(JsonInspector root, SchedulerClass kind, NoiseSchedule noise)
    {
        (this.kind, Noise) = (kind, noise);
        spacing = root.Text("timestep_spacing", kind.Spacing, "linspace", "leading", "trailing");
        offset = root.Integer("steps_offset", 0, 0);
        trained = noise.TrainSteps ?? root.Integer("num_train_timesteps", 1000, 2, 1_000_000);
        logLinear = kind.Family == GridFamily.Sigma && root.Text("interpolation_type", "linear", "linear", "log_linear") == "log_linear";
        levels = root.Flag("use_karras_sigmas", false) ? "karras"
            : root.Flag("use_lu_lambdas", false) ? "lu-lambdas"
            : root.Flag("use_exponential_sigmas", false) ? "exponential"
            : root.Flag("use_beta_sigmas", false) ? "beta-sigmas"
            : kind.Family == GridFamily.Edm ? root.Text("sigma_schedule", "karras", "karras", "exponential")
            : null;
        (uniPc, deis) = (root.Text("_class_name") == "UniPCMultistepScheduler", root.Text("_class_name") == "DEISMultistepScheduler");
        var final = root.Text("final_sigmas_type", "zero", "zero", "sigma_min");
        endsAtFirst = kind.AlphaToOne is { } toOne ? !root.Flag("set_alpha_to_one", toOne)
            : kind.Family switch { GridFamily.Multistep => final == "sigma_min" || deis, GridFamily.Sigma or GridFamily.Edm => final == "sigma_min", _ => false };
        // dpmsolver++ of order 2 keeps its order to the end here; the class lowers it below 15 steps
        lowersOrder = kind.Family == GridFamily.Multistep && endsAtFirst && !deis && !uniPc && root.Integer("solver_order", 2, 1, 3) == 2
            && root.Text("algorithm_type", "dpmsolver++").EndsWith("dpmsolver++", StringComparison.Ordinal) && root.Flag("lower_order_final", true);
        leastLambda = root.Has("lambda_min_clipped") && root.Any("lambda_min_clipped") is { ValueKind: System.Text.Json.JsonValueKind.Number } number ? number.GetDouble() : double.NegativeInfinity;
        originalSteps = root.Integer("original_inference_steps", 50, 1, trained);
        rho = root.Number("rho", 7, 1e-9);
        sigmas = (root.Has("sigma_min") ? root.Number("sigma_min") : null, root.Has("sigma_max") ? root.Number("sigma_max") : null);
        shift = noise is FlowNoiseSchedule ? FlowShift.Read(root, kind.Family == GridFamily.Flow) : null;
        StartsAtSigma = kind.Family == GridFamily.Sigma && spacing != "leading" && noise is DiscreteNoiseSchedule;
    }

    public NoiseSchedule Noise { get; }

    /// <summary>Whether sampling starts from sigma_max z.</summary>
    public bool StartsAtSigma { get; }

    public SamplingSchedule Create(int n, int? imageTokens, bool? even)
    {
        if (Noise is FlowNoiseSchedule flow)
        {
            var u = kind.Family == GridFamily.Flow ? shift!.Levels(n, trained, imageTokens, even) : shift!.MultistepLevels(n, trained, uniPc);
            double[] stated = [.. u.Select(v => flow.Stated(v * flow.TimeScale))];
            return levels is null
                ? Ending(stated, deis ? stated[^1] : null)
                : PlacementRules.Create(levels, flow, n, new PlacementOptions(stated[0], stated[^1], rho));
        }

        if (Noise is LogSigmaNoiseSchedule)
        {
            var rule = levels ?? throw new ArgumentException("A continuous schedule needs a list of sigmas: use_karras_sigmas, use_exponential_sigmas or use_beta_sigmas.");
            return Ending([.. PlacementRules.Create(rule, Noise, n, new PlacementOptions(Rho: rho)).Times], endsAtFirst ? Noise.Stated(Noise.MinTime) : null);
        }

        var discrete = (DiscreteNoiseSchedule)Noise;
        var times = levels is not null ? Levels(discrete, levels, n) : logLinear ? LogLinear(discrete, n) : Indices(n);
        if (lowersOrder && n < ShortRun)
        {
            throw new ArgumentException($"{n} steps that end at sigma_min: with lower_order_final the class takes the last one with order 1 below {ShortRun} steps, which is not supported; ask for at least {ShortRun}, or set it to false.", nameof(n));
        }

        return Ending(times, endsAtFirst || (logLinear && levels is null) ? 0 : null);
    }

    // A last call at the very level where sampling ends stays there: it changes nothing, and is left out.
    private static SamplingSchedule Ending(double[] times, double? end) =>
        end >= times[^1] && times.Length > 1 ? new(string.Empty, string.Empty, times[..^1], end) : new(string.Empty, string.Empty, times, end < times[^1] ? end : null);

    private double[] Indices(int n)
    {
        if (n > trained)
        {
            throw new ArgumentException($"{n} steps asked of a model trained on {trained}; ask for at most {trained}.", nameof(n));
        }

        if (n == 1 && spacing != "trailing" && kind.Family is GridFamily.Whole or GridFamily.Sigma)
        {
            throw new ArgumentException(
                $"'{spacing}' with 1 step calls the network at t = {(spacing == "leading" ? offset : 0)} alone, where it expects almost no noise, on pure noise; use trailing or at least 2 steps.", nameof(n));
        }

        return kind.Family switch
        {
            GridFamily.Distilled => Distilled(n),
            GridFamily.Multistep => Multistep(n),
            _ => spacing switch
            {
                "leading" => [.. Enumerable.Range(0, n).Select(i => (double)((i * (trained / n)) + offset)).Reverse()],
                "trailing" => [.. IndexRules.Trailing(trained, trained, n)],
                _ => [.. IndexRules.Spread(0, trained - 1, n).Select(t => kind.Family == GridFamily.Sigma ? t : IndexRules.Even(t))],
            },
        };
    }

    // the first n of n + 1, from where lambda falls below its least value
    private double[] Multistep(int n)
    {
        var last = Enumerable.Range(0, trained).TakeWhile(t => Noise.At(t).Lambda >= leastLambda).Count();
        return spacing switch
        {
            "leading" => [.. Enumerable.Range(1, n).Select(i => (double)((i * (last / (n + 1))) + offset)).Reverse()],
            "trailing" => [.. IndexRules.Trailing(last, trained, n).TakeWhile(t => t >= 0)],
            _ => [.. IndexRules.Spread(0, last - 1, n + 1)[..^1].Select(IndexRules.Even)],
        };
    }

    // every k-th training step of the distillation, floor(linspace) of them from above
    private double[] Distilled(int n)
    {
        if (n > originalSteps)
        {
            throw new ArgumentException($"{n} steps asked of a model distilled on {originalSteps}; ask for at most {originalSteps}.", nameof(n));
        }

        var k = trained / originalSteps;
        return [.. Enumerable.Range(0, n).Select(i => (double)(((originalSteps - (int)Math.Floor(i * ((double)originalSteps / n))) * k) - 1))];
    }

    private double[] Levels(DiscreteNoiseSchedule noise, string rule, int n)
    {
        // Classes in sigma place levels between the ends of their own grid, multistep classes and log-linear grids between those of the whole table.
        var own = kind.Family == GridFamily.Sigma && !logLinear ? Indices(n) : [trained - 1.0, 0];
        var (start, end) = (sigmas.High is { } high ? noise.TimeOfRatio(high) : own[0], sigmas.Low is { } low ? noise.TimeOfRatio(low) : own[^1]);
        return [.. PlacementRules.Create(rule, noise, n, new PlacementOptions(start, end, rho)).Times];
    }

    // The first n of n + 1 levels between the ends of the table; sampling ends at the last.
    private double[] LogLinear(DiscreteNoiseSchedule noise, int n)
    {
        var (bottom, top) = (Math.Log(noise.At(0).Ratio), Math.Log(noise.At(trained - 1).Ratio));
        return [.. Enumerable.Range(0, n).Select(i => noise.Stated(noise.TimeOfRatio(Math.Exp(top + (i * (bottom - top) / n)))))];
    }
}
