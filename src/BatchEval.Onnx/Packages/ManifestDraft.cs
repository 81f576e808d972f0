using System.Globalization;
using System.Text.Json.Nodes;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Configurations;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Packages.Diffusers;

namespace BatchEval.Onnx.Packages;

/// <summary>What a person says about a network that the network itself does not; null where nothing was said.</summary>
public sealed record DraftAnswers
{
    public string? Name { get; init; }

    /// <summary>Name of the state input.</summary>
    public string? Sample { get; init; }

    /// <summary>Name of the time input.</summary>
    public string? Time { get; init; }

    /// <summary>Name of the label input.</summary>
    public string? Labels { get; init; }

    /// <summary>Name of the context input.</summary>
    public string? Context { get; init; }

    public string? Contexts { get; init; }

    public string? Output { get; init; }

    /// <summary>What the output means.</summary>
    public string? Prediction { get; init; }

    /// <summary>The schedule, for example <c>linear(trainSteps=1000,betaStart=0.0001,betaEnd=0.02)</c>.</summary>
    public string? Schedule { get; init; }

    public (int Channels, int Height, int Width)? Shape { get; init; }

    /// <summary>Values of black and white.</summary>
    public (double Low, double High)? Range { get; init; }

    /// <summary>Whether data predictions are clamped.</summary>
    public bool? Clamp { get; init; }

    public int? Classes { get; init; }

    /// <summary>The label that means none.</summary>
    public int? Null { get; init; }
}

/// <summary>A manifest written from what a network declares, from a scheduler's configuration beside it, and from answers. Two things have defaults, which are said: the range and whether predictions are clamped.</summary>
/// <param name="Manifest">The content of <c>model.json</c>.</param>
/// <param name="Found">Where each part comes from, for people.</param>
public sealed record ManifestDraft(JsonObject Manifest, IReadOnlyList<string> Found)
{
    private static readonly string[] SampleNames = ["sample", "x", "hidden_states", "latent", "latents", "x_t", "input", "noisy_image"];
    private static readonly string[] TimeNames = ["timestep", "timesteps", "t", "time", "sigma", "noise_labels", "c_noise", "ts"];
    private static readonly string[] LabelNames = ["class_labels", "y", "labels", "label", "class_label", "class_labels_ids"];
    private static readonly string[] ContextNames = ["encoder_hidden_states", "context", "text_embeddings", "cond"];
    private static readonly string[] Schedulers = [DiffusersFolder.SchedulerFile, $"scheduler/{DiffusersFolder.SchedulerFile}", $"../scheduler/{DiffusersFolder.SchedulerFile}"];

    /// <summary>Drafts a manifest.</summary>
    /// <exception cref="ProblemException">Everything that is still missing, each with the option that supplies it.</exception>
    public static ManifestDraft Of(OnnxModel model, DraftAnswers answers)
    {
        var (found, problems) = (new List<string>(), new List<Problem>());
        void Missing(string option, string message) => problems.Add(new Problem(option, message));
        var inputs = model.Inputs;
        var sample = Pick(inputs, answers.Sample, SampleNames, i => i.Rank is 3 or 4 && !i.IsInteger, "--sample-input", "state", Missing);
        var time = Pick(inputs, answers.Time, TimeNames, i => i.Rank <= 1, "--time-input", "time", Missing);
        var labels = Choose(inputs, answers.Labels, LabelNames);
        var context = Choose(inputs, answers.Context, ContextNames);
        var output = answers.Output is { } o ? model.Outputs.FirstOrDefault(v => v.Name == o) : model.Outputs.Count == 1 ? model.Outputs[0] : model.Outputs.FirstOrDefault(v => v.Rank == sample?.Rank);
        if (output is null)
        {
            Missing("--output", $"which of the outputs {string.Join(", ", model.Outputs.Select(v => v.Name))} is the prediction?");
        }

        foreach (var (input, role) in new[] { (sample, "state"), (time, "time"), (labels, "labels"), (context, "context"), (output, "output") }.Where(p => p.Item1 is not null))
        {
            found.Add($"{role,-10} {input!.Name} {input.ShapeText} {input.Type.ToString().ToLowerInvariant()}");
        }

        foreach (var other in inputs.Where(i => i != sample && i != time && i != labels && i != context))
        {
            Missing("inputs", $"the network has one more input, '{other.Name}' {other.ShapeText}, which a manifest of this kind cannot supply; docs/model-packages.md lists the roles there are.");
        }

        var shape = Shape(sample, answers, Missing);
        var (schedule, prediction, limit, fromFile) = Process(model.Folder, answers, found, Missing);
        if (labels is not null && answers.Classes is null)
        {
            Missing("--classes", $"the network takes labels ('{labels.Name}'): how many classes are there (and, with --null-label, which label means none)?");
        }

        if (context is not null && answers.Contexts is null)
        {
            Missing("--contexts", $"the network takes contexts ('{context.Name}' {context.ShapeText}): which NumPy file [prompts, tokens, dimensions] supplies them?");
        }

        if (problems.Count > 0)
        {
            throw new ProblemException($"The manifest of {model.FileName} needs answers; without them it", problems);
        }

        var names = new JsonObject { ["sample"] = sample!.Name, ["time"] = time!.Name };
        AddText(names, "labels", labels?.Name);
        AddText(names, "context", context?.Name);
        var denoiser = new JsonObject { ["file"] = model.FileName, ["prediction"] = prediction, ["inputs"] = names, ["output"] = output!.Name };
        AddText(denoiser, "contextFile", context is null ? null : answers.Contexts);
        var manifest = new JsonObject
        {
            ["formatVersion"] = ModelManifest.FormatVersion,
            ["name"] = answers.Name ?? Path.GetFileNameWithoutExtension(model.FileName),
            ["description"] = "written by batcheval model init",
            ["kind"] = context is not null ? "text-conditional" : labels is not null ? "class-conditional" : "unconditional",
            ["denoiser"] = denoiser,
            ["schedule"] = schedule,
            ["sample"] = new JsonObject
            {
                ["channels"] = shape.Channels, ["height"] = shape.Height, ["width"] = shape.Width,
                ["range"] = new JsonArray(answers.Range?.Low ?? -1, answers.Range?.High ?? 1), ["clampDenoised"] = answers.Clamp ?? limit is { Quantile: null },
            },
        };
        var thresholds = answers.Clamp is null && limit is { Quantile: not null };
        if (thresholds)
        {
            manifest["sample"]!["thresholding"] = new JsonObject { ["ratio"] = limit!.Quantile, ["max"] = limit.High };
        }

        // What was taken on itself is said, with the option that changes it.
        var range = answers.Range ?? (-1, 1);
        found.Add(string.Create(CultureInfo.InvariantCulture, $"{"range",-10} {range.Low} to {range.High}{(answers.Range is null ? " (taken for granted; another one with --range)" : string.Empty)}"));
        found.Add($"{"clamp",-10} {(thresholds ? "by quantile" : (bool)manifest["sample"]!["clampDenoised"]! ? "true" : "false")}{(answers.Clamp is not null ? string.Empty : fromFile ? " (as the scheduler's configuration says; otherwise with --clamp)" : " (taken for granted; otherwise with --clamp)")}");

        if (labels is not null)
        {
            var entry = new JsonObject { ["count"] = answers.Classes };
            if (answers.Null is { } none)
            {
                entry["null"] = none;
            }

            manifest["labels"] = entry;
        }

        return new ManifestDraft(manifest, found);
    }

    private static void AddText(JsonObject to, string name, string? value)
    {
        if (value is not null)
        {
            to[name] = value;
        }
    }

    private static TensorInput? Choose(IReadOnlyList<TensorInput> inputs, string? said, string[] usual) =>
        said is not null ? TensorInput.Find(inputs, said, "input", "The network") : inputs.FirstOrDefault(i => usual.Contains(i.Name));

    private static TensorInput? Pick(
        IReadOnlyList<TensorInput> inputs, string? said, string[] usual, Func<TensorInput, bool> fits, string option, string role, Action<string, string> missing)
    {
        if (Choose(inputs, said, usual) is { } chosen)
        {
            return chosen;
        }

        var candidates = inputs.Where(fits).ToList();
        if (candidates.Count != 1)
        {
            missing(option, $"which input is the {role}? There are: {string.Join(", ", inputs.Select(i => $"{i.Name} {i.ShapeText}"))}.");
        }

        return candidates.Count == 1 ? candidates[0] : null;
    }

    private static (int Channels, int Height, int Width) Shape(TensorInput? sample, DraftAnswers answers, Action<string, string> missing)
    {
        if (answers.Shape is { } said)
        {
            return said;
        }

        if (sample is { Rank: 4 } && sample.Shape.Skip(1).All(d => d > 0))
        {
            return (sample.Shape[1], sample.Shape[2], sample.Shape[3]);
        }

        missing("--shape", $"how large is a sample? The state is declared {sample?.ShapeText ?? "nowhere"}; give channels,height,width as in 3,32,32.");
        return (1, 1, 1);
    }

    private static (JsonObject Schedule, string Prediction, DataLimit? Limit, bool FromFile) Process(string folder, DraftAnswers answers, List<string> found, Action<string, string> missing)
    {
        var file = Schedulers.Select(s => Path.GetFullPath(Path.Combine(folder, s))).FirstOrDefault(File.Exists);
        var config = file is null ? null : DiffusersFolder.ReadSchedulerFile(file);
        if (config is not null)
        {
            found.Add($"{"noise",-10} {config.Class} in {Path.GetRelativePath(folder, file!)}");
        }

        if (answers.Schedule is null && config is null)
        {
            missing("--schedule", "which noise was it trained on? As in linear(trainSteps=1000,betaStart=0.0001,betaEnd=0.02), scaled-linear(...), cosine(trainSteps=1000), sigma(sigmaMin=0.002,sigmaMax=80), log-sigma(sigmaMin=0.002,sigmaMax=80,sigmaData=0.5) or flow(timeScale=1000); a scheduler_config.json beside the network answers it, too.");
        }

        if (answers.Prediction is null && config is null)
        {
            missing("--prediction", "what does the output mean: epsilon (the noise), v, sample (x0), flow (eps - x0) or edm (F of EDM's preconditioning)?");
        }

        var schedule = answers.Schedule is { } said ? Parse(said, missing) : config is null ? [] : Describe(config);
        var prediction = answers.Prediction ?? config?.Prediction.ToString().ToLowerInvariant() ?? string.Empty;
        return (schedule, prediction, config?.Limit, config is not null);
    }

    // A noising process as model.json says it.
    private static JsonObject Describe(SchedulerConfiguration config) => (config.Noise, config.Betas) switch
    {
        (FlowNoiseSchedule flow, _) => new() { ["type"] = "flow", ["timeScale"] = flow.TimeScale },
        (var noise, { Kind: "cosine" }) => new() { ["type"] = "cosine", ["trainSteps"] = noise.TrainSteps },
        (var noise, { } betas) => new() { ["type"] = betas.Kind, ["trainSteps"] = noise.TrainSteps, ["betaStart"] = betas.Start, ["betaEnd"] = betas.End },
        (LogSigmaNoiseSchedule noise, _) => new() { ["type"] = "log-sigma", ["sigmaMin"] = noise.At(noise.MinTime).Ratio, ["sigmaMax"] = noise.At(noise.MaxTime).Ratio, ["sigmaData"] = noise.SigmaData },
        (DiscreteNoiseSchedule noise, _) => new() { ["type"] = "alphas", ["values"] = new JsonArray([.. noise.CumulativeAlphas.Select(a => JsonValue.Create(a))]) },
        _ => throw new ProblemException($"The noise of this {config.Class} cannot be said in {ModelPackage.ManifestFile}."),
    };

    // name(key=value,...)
    private static JsonObject Parse(string text, Action<string, string> missing)
    {
        var parts = text.TrimEnd(')').Split('(', 2);
        var schedule = new JsonObject { ["type"] = parts[0].Trim() };
        foreach (var pair in parts.Length == 2 ? parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [])
        {
            var sides = pair.Split('=', StringSplitOptions.TrimEntries);
            if (sides.Length != 2 || !double.TryParse(sides[1], CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            {
                missing("--schedule", $"'{pair}' is no key=number with a finite number, as in linear(trainSteps=1000,betaStart=0.0001,betaEnd=0.02).");
                continue;
            }

            schedule[sides[0]] = number == Math.Floor(number) && Math.Abs(number) < 1e9 ? JsonValue.Create((int)number) : JsonValue.Create(number);
        }

        return schedule;
    }
}
