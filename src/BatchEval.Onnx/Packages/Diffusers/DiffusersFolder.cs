using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchEval.Core.Sampling.Configurations;

namespace BatchEval.Onnx.Packages.Diffusers;

/// <summary>
/// A diffusers pipeline as optimum, diffusers' own script, Olive or ONNX Runtime's optimizer write it, read as it is: parts are found by their folders, names,
/// types and ranks in the networks themselves, the noise in the scheduler's configuration. Nothing is converted or copied.
/// </summary>
internal static partial class DiffusersFolder
{
    /// <summary>Name of a scheduler's file.</summary>
    internal const string SchedulerFile = "scheduler_config.json";

    // Takes an image behind its state, and decodes without any scaling.
    private const string SuperResolution = "LDMSuperResolutionPipeline";

    // Of diffusers' AutoencoderKL.
    private const double DefaultScaling = 0.18215;

    /// <summary>Pipelines that are read, without the prefixes <c>ORT</c> and <c>Onnx</c>.</summary>
    public static IReadOnlyList<string> Pipelines { get; } =
        ["StableDiffusionPipeline", "StableDiffusionXLPipeline", "LatentConsistencyModelPipeline", "StableDiffusion3Pipeline", "FluxPipeline", "DDPMPipeline", "DDIMPipeline", "DiTPipeline", "LDMPipeline", SuperResolution];

    /// <summary>Reads a folder.</summary>
    /// <param name="directory">The folder with <c>model_index.json</c>.</param>
    /// <param name="companion">What stands beside it in <c>batcheval.json</c> or was given on the command line.</param>
    /// <exception cref="ProblemException">Something is missing, or a pipeline that is not supported.</exception>
    public static ModelManifest Read(string directory, Companion companion)
    {
        var index = ReadIndex(directory);
        var pipeline = PipelineOf(index, directory);
        var denoiser = DiffusersPart.Find(directory, "unet", "transformer")
            ?? throw new ProblemException($"'{directory}' has neither a folder unet nor a folder transformer; there is nothing to sample with.");
        var (scheduler, schedulerFile) = ReadScheduler(directory);
        var decoder = DiffusersPart.Find(directory, "vae_decoder", "vqvae_decoder", "vqvae", "vae");
        var remarks = new List<string>();
        if (Directory.Exists(Path.Combine(directory, "safety_checker")))
        {
            remarks.Add("The safety checker is not run: it changes images, and a search compares images as the model makes them.");
        }

        var entry = Denoiser(denoiser, scheduler) with { ImagesFile = Images(denoiser, companion, pipeline) };
        var (sample, image) = Shapes(denoiser, decoder, entry, companion, scheduler, pipeline);
        var text = Text(directory, entry, index);
        if (denoiser.Inputs.Concat(decoder?.Inputs ?? []).Any(i => i.Type == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float16))
        {
            remarks.Add("Some networks take half precision; the CPU computes them in single precision between casts of ONNX Runtime: slower than a single-precision export, and not what a GPU computes.");
        }

        string[] others = ["model_index.json", schedulerFile, .. denoiser.Files, .. decoder?.Files ?? [], .. text?.Files ?? []];
        return new ModelManifest(
            companion.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))), $"{pipeline}, read from a diffusers folder",
            entry, scheduler.Noise.For(denoiser.Input(entry.TimeInput)!.Times), sample, Labels(denoiser, entry, companion), companion.Features, companion.Perceptual, companion.Reference,
            companion.Provenance ?? $"{pipeline} in {Path.GetFullPath(directory)}", companion.Digests, companion.Data)
        {
            Decoder = decoder is null ? null : Decoder(decoder, image, companion, remarks, pipeline == SuperResolution ? 1 : null),
            Text = text?.Entry,
            PromptFile = companion.Prompts,
            EmbeddingsFile = companion.Embeddings,
            ClipFolder = companion.Clip,
            SecondFolder = companion.SecondFeatures,
            Classifier = companion.Classifier,
            Defaults = Defaults(pipeline, entry) with { Scheduler = scheduler, EvenLevels = entry.Packed },
            Remarks = remarks,
            OtherFiles = [.. others.Distinct(StringComparer.Ordinal).Where(f => f != denoiser.File && f != decoder?.File)],
        };
    }

    private static JsonElement ReadIndex(string directory)
    {
        var path = Path.Combine(directory, ModelPackage.IndexFile);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new ProblemException($"'{path}' is not valid JSON: {error.Message}");
        }
    }

    private static string PipelineOf(JsonElement index, string directory)
    {
        var name = index.ValueKind == JsonValueKind.Object && index.TryGetProperty("_class_name", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : string.Empty;
        var pipeline = Prefix().Replace(name, string.Empty);
        return Pipelines.Contains(pipeline) ? pipeline
            : throw new ProblemException($"'{directory}' holds the pipeline '{name}', which is not supported; supported: {string.Join(", ", Pipelines)}, also with the prefixes ORT and Onnx.");
    }

    private static (SchedulerConfiguration Configuration, string File) ReadScheduler(string directory)
    {
        var file = $"scheduler/{SchedulerFile}";
        var path = Path.Combine(directory, file);
        return File.Exists(path) ? (ReadSchedulerFile(path), file)
            : throw new ProblemException($"'{directory}' has no {file}, so the noise that the model was trained on is unknown; copy it from the model's original.");
    }

    /// <summary>Reads the file of a scheduler.</summary>
    /// <exception cref="ProblemException">It is damaged, or asks for what cannot be done.</exception>
    internal static SchedulerConfiguration ReadSchedulerFile(string path) => SchedulerConfiguration.Read(File.ReadAllText(path), $"The scheduler configuration '{path}'");

    private static DenoiserEntry Denoiser(DiffusersPart part, SchedulerConfiguration scheduler)
    {
        var sample = part.Required("state", "sample", "hidden_states", "x", "latent");
        var time = part.Required("time", "timestep", "timesteps", "t");
        var context = part.Input("encoder_hidden_states", "context", "text_hidden_states");
        var conditions = new Dictionary<ConditionRole, string>();
        void Role(ConditionRole role, params string[] names)
        {
            if (part.Input(names) is { } input)
            {
                conditions[role] = input.Name;
            }
        }

        Role(ConditionRole.Pooled, "text_embeds", "pooled_projections");
        Role(ConditionRole.SizeIds, "time_ids");
        Role(ConditionRole.GuidanceEmbedding, "timestep_cond");
        Role(ConditionRole.Guidance, "guidance");
        Role(ConditionRole.TextIds, "txt_ids");
        Role(ConditionRole.ImageIds, "img_ids");
        var packed = conditions.ContainsKey(ConditionRole.ImageIds);
        var output = part.Outputs.FirstOrDefault(o => o.Name is "out_sample" or "out_hidden_states" or "sample" or "output") ?? part.Outputs[0];
        int Width(ConditionRole role, int fallback, params string[] config) => conditions.TryGetValue(role, out var name) && part.Input(name) is { Rank: 2 } input && input.Shape[1] > 0
            ? input.Shape[1] : config.Select(part.Integer).FirstOrDefault(w => w is not null) ?? fallback;
        return new DenoiserEntry(part.File, scheduler.Prediction, sample.Name, time.Name, part.Input("class_labels", "y", "labels")?.Name, context?.Name, null, output.Name)
        {
            Conditions = conditions,
            Packed = packed,
            TimeFactor = packed ? 0.001 : 1,
            ContextShape = context is null ? null : (Fixed(context, 1) ?? (conditions.TryGetValue(ConditionRole.TextIds, out var ids) ? Fixed(part.Input(ids)!, 0) : null) ?? TokensOf(conditions), Fixed(context, 2) ?? part.Integer("cross_attention_dim") ?? part.Integer("joint_attention_dim") ?? 768),
            PooledWidth = Width(ConditionRole.Pooled, packed ? 768 : conditions.ContainsKey(ConditionRole.SizeIds) ? 1280 : 2048, "pooled_projection_dim"),
            GuidanceWidth = Width(ConditionRole.GuidanceEmbedding, 256, "time_cond_proj_dim"),
        };
    }

    // Rows of encoded prompts where the network takes any number: T5's of Flux (the distilled one takes no scale, and half of them), CLIP's and T5's of SD3, CLIP's.
    private static int TokensOf(Dictionary<ConditionRole, string> conditions) =>
        conditions.ContainsKey(ConditionRole.ImageIds) ? conditions.ContainsKey(ConditionRole.Guidance) ? 512 : 256
        : conditions.ContainsKey(ConditionRole.Pooled) && !conditions.ContainsKey(ConditionRole.SizeIds) ? 77 + 256
        : 77;

    // Channels of a U-Net's input that its output does not have are an image's.
    private static string? Images(DiffusersPart part, Companion companion, string pipeline)
    {
        var more = part.Integer("in_channels") - part.Integer("out_channels");
        return pipeline == SuperResolution
            ? companion.Images ?? throw new ProblemException($"{part.File} takes a low-resolution image behind its state ({more ?? 3} of its channels), and nothing supplies one: give \"images\" in {ModelPackage.CompanionFile}, a NumPy file [images, channels, height, width] in the range of the model, beside {ModelPackage.IndexFile}.")
            : more > 0 ? throw new ProblemException($"{part.File} takes {part.Integer("in_channels")} channels and gives {part.Integer("out_channels")}: the others are of an image or a mask (inpainting, image-to-image), which is supported in {SuperResolution} only.")
            : companion.Images is null ? null : throw new ProblemException($"{ModelPackage.CompanionFile} names images, but {part.File} takes none beside its state.");
    }

    private static int? Fixed(TensorInput input, int axis) => input.Rank > axis && input.Shape[axis] > 0 ? input.Shape[axis] : null;

    private static (SampleEntry Sample, SampleEntry Image) Shapes(
        DiffusersPart part, DiffusersPart? decoder, DenoiserEntry entry, Companion companion, SchedulerConfiguration scheduler, string pipeline)
    {
        var state = part.Input(entry.SampleInput)!;
        var channels = entry.ImagesFile is not null ? part.Integer("out_channels") ?? decoder?.Integer("latent_channels") ?? 3 : entry.Packed ? (part.Integer("in_channels") ?? Fixed(state, 2) ?? 64) / 4 : Fixed(state, 1) ?? part.Integer("in_channels")
            ?? throw new ProblemException($"{part.File} does not say how many channels '{state.Name}' has, and {part.Folder}/config.json names no in_channels.");
        var factor = decoder is null ? 1 : decoder.Numbers("block_out_channels") is { Count: > 0 } levels ? 1 << (levels.Count - 1) : pipeline == "LDMPipeline" ? 4 : 8;
        if (companion.Size is { } pixels && (pixels.Height % (entry.Packed ? 2 * factor : factor) != 0 || pixels.Width % (entry.Packed ? 2 * factor : factor) != 0))
        {
            throw new ProblemException($"The image size {pixels.Width} x {pixels.Height} is not a multiple of {(entry.Packed ? 2 * factor : factor)}, as this model needs.");
        }

        var side = part.Integer("sample_size") ?? (pipeline is "FluxPipeline" ? 128 : null);
        var height = companion.Size?.Height / factor ?? (entry.Packed ? null : Fixed(state, 2)) ?? side;
        var width = companion.Size?.Width / factor ?? (entry.Packed ? null : Fixed(state, 3)) ?? side;
        if (height is null || width is null)
        {
            throw new ProblemException($"Neither {part.File} nor {part.Folder}/config.json (sample_size) says how large samples are; give \"size\": [height, width] in {ModelPackage.CompanionFile}.");
        }

        // Latents are clamped where the scheduler says so, as diffusers does.
        var range = scheduler.Limit is { Quantile: null } clamp ? clamp.High : 1;
        var sample = new SampleEntry(channels, height.Value, width.Value, -range, range, scheduler.Limit);
        var image = new SampleEntry(decoder?.Integer("out_channels") ?? 3, factor * height.Value, factor * width.Value, -1, 1) { Rounding = companion.Rounding };
        return (sample with { Rounding = companion.Rounding }, image);
    }

    private static DecoderEntry Decoder(DiffusersPart part, SampleEntry image, Companion companion, List<string> remarks, double? pipelines)
    {
        var input = part.Required("latent", "latent_sample", "latents", "z", "sample");
        if (part.Flag("force_upcast") && input.Type == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float16)
        {
            throw new ProblemException($"{part.File} computes in half precision, and {part.Folder}/config.json says that its values overflow there (force_upcast): images would be black. Put a decoder in its place that was exported in single precision; if its weights were made for half precision, set force_upcast to false in that file.");
        }

        var given = companion.Decoder;
        double? factor = given?.ScalingFactor ?? pipelines ?? part.Number("scaling_factor");
        if (factor is null && part.Text("_class_name") == "AutoencoderKL")
        {
            factor = DefaultScaling;
            remarks.Add($"{part.Folder}/config.json names no scaling_factor; {DefaultScaling.ToString(CultureInfo.InvariantCulture)} is used, the default of AutoencoderKL.");
        }

        var (means, deviations) = (given?.Means ?? part.Numbers("latents_mean"), given?.Deviations ?? part.Numbers("latents_std"));
        return new DecoderEntry(part.File, input.Name, part.Outputs[0].Name, image)
        {
            ScalingFactor = factor ?? throw new ProblemException($"What latents are divided by before {part.File} decodes them is unknown: {part.Folder}/config.json names no scaling_factor. Give \"decoder\": {{\"scalingFactor\": ...}} in {ModelPackage.CompanionFile} (0.18215 for Stable Diffusion 1 and 2, 0.13025 for SDXL, 1 for VQ decoders of CompVis)."),
            ShiftFactor = given?.ShiftFactor ?? part.Number("shift_factor") ?? 0,
            Means = means is { Count: > 0 } ? means : null,
            Deviations = deviations is { Count: > 0 } ? deviations : null,
            ForceUpcast = part.Flag("force_upcast"),
            Tile = given?.Tile,
            TrainedSide = part.Integer("sample_size"),
        };
    }

    private static (TextEntry Entry, IReadOnlyList<string> Files)? Text(string directory, DenoiserEntry entry, JsonElement index)
    {
        if (entry.ContextInput is null || entry.Packed)
        {
            return null;
        }

        var recipe = entry.Conditions.ContainsKey(ConditionRole.SizeIds) ? TextRecipe.Penultimate
            : entry.Conditions.ContainsKey(ConditionRole.Pooled) ? TextRecipe.PenultimateThenT5
            : TextRecipe.LastHiddenState;
        var parts = new[] { ("text_encoder", "tokenizer"), ("text_encoder_2", "tokenizer_2") }.Take(recipe == TextRecipe.LastHiddenState ? 1 : 2)
            .Select(p => (Part: DiffusersPart.Find(directory, p.Item1), Tokenizer: p.Item2)).Where(p => p.Part is not null).ToList();
        if (parts.Count == 0)
        {
            return null;
        }

        var encoders = parts.ConvertAll(p => Encoder(p.Part!, p.Tokenizer, recipe));
        var zero = index.TryGetProperty("force_zeros_for_empty_prompt", out var force) && force.ValueKind == JsonValueKind.True;
        string[] tokenizers = [.. parts.SelectMany(p => Directory.Exists(Path.Combine(directory, p.Tokenizer)) ? Directory.EnumerateFiles(Path.Combine(directory, p.Tokenizer)).Select(f => $"{p.Tokenizer}/{Path.GetFileName(f)}").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())];
        var t5 = (entry.ContextShape?.Tokens is > 77 and var tokens ? tokens - 77 : 256, entry.ContextShape?.Width ?? 4096);
        return (new TextEntry(recipe, encoders, zero) { T5 = t5 }, [.. parts.SelectMany(p => p.Part!.Files), .. tokenizers]);
    }

    private static TextEncoderEntry Encoder(DiffusersPart part, string tokenizer, TextRecipe recipe)
    {
        var input = part.Required("token", "input_ids", "tokens");
        if (recipe == TextRecipe.LastHiddenState)
        {
            var last = part.Outputs.FirstOrDefault(o => o.Name == "last_hidden_state") ?? part.Outputs[0];
            return new TextEncoderEntry(part.File, input.Name, last.Name, null, tokenizer);
        }

        // Hidden state i enters block i, so the last but one of all is what diffusers calls penultimate.
        int[] layers = [.. part.Outputs.Select(o => Layer().Match(o.Name)).Where(m => m.Success).Select(m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).Order()];
        return layers.Length >= 2
            ? new TextEncoderEntry(part.File, input.Name, $"hidden_states.{layers[^2]}", part.Outputs.FirstOrDefault(o => o.Name is "text_embeds" or "pooler_output")?.Name, tokenizer)
            : throw new ProblemException($"{part.File} does not give its hidden states, of which this model's denoiser is fed the last but one; export it with output_hidden_states, as optimum-cli does.");
    }

    private static LabelsEntry? Labels(DiffusersPart part, DenoiserEntry entry, Companion companion)
    {
        if (entry.LabelInput is null)
        {
            return companion.Labels;
        }

        return companion.Labels ?? ((part.Integer("num_class_embeds") ?? part.Integer("num_embeds_ada_norm")) is { } count
            ? new LabelsEntry(count, part.Text("_class_name") is "DiTTransformer2DModel" or "Transformer2DModel" ? count : null, [])
            : throw new ProblemException($"{part.File} takes class labels ('{entry.LabelInput}'), and nothing says how many there are; give \"labels\": {{\"count\": ..., \"null\": ...}} in {ModelPackage.CompanionFile}."));
    }

    // Signatures of the pipelines' __call__ (pipelines.md 2.5).
    private static SamplingDefaults Defaults(string pipeline, DenoiserEntry entry) => pipeline switch
    {
        "StableDiffusionXLPipeline" => new(50, 5.0),
        "StableDiffusion3Pipeline" => new(28, 7.0),
        "FluxPipeline" => entry.Conditions.ContainsKey(ConditionRole.Guidance) ? new(28, 3.5) : new(4, 1),
        "LatentConsistencyModelPipeline" => new(4, 8.5),
        "DDPMPipeline" => new(1000),
        "DDIMPipeline" => new(50),
        "DiTPipeline" => new(50, 4.0),
        "LDMPipeline" => new(50),
        SuperResolution => new(100),
        _ => new(50, 7.5),
    };

    [GeneratedRegex("^(ORT|Onnx)")]
    private static partial Regex Prefix();

    [GeneratedRegex(@"^hidden_states\.(\d+)$")]
    private static partial Regex Layer();
}
