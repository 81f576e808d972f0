using BatchEval.Core.Sampling;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Packages;

/// <summary>Reads and validates <c>model.json</c>; every problem is reported at once, by member.</summary>
public static class ModelManifestReader
{
    // As diffusers and others call them
    private static readonly Dictionary<string, string> PredictionNames = new()
    {
        ["eps"] = "epsilon", ["v_prediction"] = "v", ["velocity"] = "v", ["x0"] = "sample", ["x_start"] = "sample", ["flow_prediction"] = "flow",
    };

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="ProblemException">The text is not a manifest; every problem is listed.</exception>
    public static ModelManifest Read(string json, string name = "The model manifest")
    {
        var problems = new List<Problem>();
        if (JsonInspector.Parse(json, problems) is { } parsed)
        {
            using (parsed.Document)
            {
                var manifest = Read(parsed.Root, problems);
                if (problems.Count == 0)
                {
                    return manifest;
                }
            }
        }

        throw new ProblemException(name, problems);
    }

    private static ModelManifest Read(JsonInspector root, List<Problem> problems)
    {
        root.Integer("formatVersion", low: ModelManifest.FormatVersion, high: ModelManifest.FormatVersion);
        root.Text("kind", "unconditional", "unconditional", "class-conditional", "text-conditional");
        var manifest = new ModelManifest(
            root.Text("name"),
            root.Text("description", string.Empty),
            ReadDenoiser(root.Child("denoiser", required: true)),
            ScheduleEntryReader.Read(root.Child("schedule", required: true), problems),
            ReadSample(root.Child("sample", required: true)),
            root.Child("labels") is { } labels ? ReadLabels(labels) : null,
            root.Child("features") is { } features ? ReadFeatures(features) : null,
            root.Child("perceptual") is { } perceptual ? ReadPerceptual(perceptual) : null,
            root.Child("reference") is { } reference ? ReadReference(reference) : null,
            root.Text("provenance", string.Empty),
            ReadDigests(root),
            root.Child("data") is { } data ? ReadData(data) : null)
        {
            Classifier = root.Child("classifier") is { } classifier ? ReadClassifier(classifier) : null,
            Decoder = root.Child("decoder") is { } decoder ? ReadDecoder(decoder) : null,
            Text = root.Child("text") is { } text ? ReadText(text) : null,
            PromptFile = Optional(root, "prompts"),
            EmbeddingsFile = Optional(root, "embeddings"),
            ClipFolder = Optional(root, "clip"),
            SecondFolder = Optional(root, "secondFeatures"),
        };
        root.Any("license");
        root.Close();
        if (manifest.Denoiser is { ContextInput: not null, ContextFile: null } && manifest is { Labels.Table: null, Text: null, EmbeddingsFile: null })
        {
            root.Report("denoiser.inputs.context", "is given, but nothing supplies it: name denoiser.contextFile, labels.table, text or embeddings.");
        }

        if (manifest.Denoiser.Prediction == PredictionType.Edm && manifest.Schedule is not LogSigmaNoiseSchedule)
        {
            root.Report("denoiser.prediction", "is edm (F of EDM's preconditioning), which needs schedule.type log-sigma.");
        }

        if (manifest.Denoiser.LabelInput is not null && manifest.Labels is null)
        {
            root.Report("labels", "is missing, although denoiser.inputs.labels names a label input.");
        }

        if (manifest.Reference is not null && manifest.Features is null)
        {
            root.Report("features", "is missing, although reference statistics are given; they mean nothing without their feature network.");
        }

        return manifest;
    }

    private static readonly Dictionary<string, ConditionRole> Roles = new()
    {
        ["pooled"] = ConditionRole.Pooled, ["sizeIds"] = ConditionRole.SizeIds, ["guidance"] = ConditionRole.Guidance,
        ["guidanceEmbedding"] = ConditionRole.GuidanceEmbedding, ["textIds"] = ConditionRole.TextIds, ["imageIds"] = ConditionRole.ImageIds,
    };

    internal static PixelRounding ReadRounding(JsonInspector inspector) => inspector.Text("rounding", "nearest", "nearest", "truncate", "half-up") switch
    {
        "truncate" => PixelRounding.Truncate,
        "half-up" => PixelRounding.HalfUp,
        _ => PixelRounding.Nearest,
    };

    internal static ClassifierEntry ReadClassifier(JsonInspector classifier)
    {
        var inputs = classifier.Child("inputs", required: true);
        var entry = new ClassifierEntry(
            classifier.Text("file"), inputs?.Text("sample") ?? string.Empty, inputs?.Text("time") ?? string.Empty, inputs?.Text("labels") ?? string.Empty, classifier.Text("output"));
        inputs?.Close();
        classifier.Close();
        return entry;
    }

    private static DecoderEntry ReadDecoder(JsonInspector decoder)
    {
        var image = ReadSample(decoder.Child("image", required: true));
        var entry = new DecoderEntry(decoder.Text("file"), decoder.Text("input"), decoder.Text("output"), image)
        {
            ScalingFactor = decoder.Number("scalingFactor"), ShiftFactor = decoder.Number("shiftFactor", 0),
            Means = decoder.Numbers("latentMeans"), Deviations = decoder.Numbers("latentDeviations"), ForceUpcast = decoder.Flag("forceUpcast", false),
            Tile = LatentScaling.ReadTile(decoder),
        };
        decoder.Close();
        if ((entry.Means is null) != (entry.Deviations is null))
        {
            decoder.Report("latentMeans", "and latentDeviations belong together: give both or neither.");
        }

        return entry;
    }

    private static TextEntry ReadText(JsonInspector text)
    {
        var recipe = text.Text("recipe", null, "last-hidden-state", "penultimate", "penultimate-then-t5") switch
        {
            "penultimate" => TextRecipe.Penultimate,
            "penultimate-then-t5" => TextRecipe.PenultimateThenT5,
            _ => TextRecipe.LastHiddenState,
        };
        var encoders = text.Children("encoders", required: true).Select(e =>
        {
            var entry = new TextEncoderEntry(e.Text("file"), e.Text("input"), e.Text("sequence"), Optional(e, "pooled"), e.Text("tokenizer"));
            e.Close();
            return entry;
        }).ToList();
        var entry = new TextEntry(recipe, encoders, text.Flag("zeroForNoNegative", false));
        text.Close();
        return entry;
    }

    private static DenoiserEntry ReadDenoiser(JsonInspector? denoiser)
    {
        if (denoiser is null)
        {
            return new(string.Empty, PredictionType.Epsilon, string.Empty, string.Empty, null, null, null, string.Empty);
        }

        var inputs = denoiser.Child("inputs", required: true);
        var entry = new DenoiserEntry(
            denoiser.Text("file"),
            denoiser.Choice("prediction", PredictionNames, "epsilon", "v", "sample", "flow", "edm") switch
            {
                "v" => PredictionType.V,
                "sample" => PredictionType.Sample,
                "flow" => PredictionType.Flow,
                "edm" => PredictionType.Edm,
                _ => PredictionType.Epsilon,
            },
            inputs?.Text("sample") ?? string.Empty,
            inputs?.Text("time") ?? string.Empty,
            Optional(inputs, "labels"),
            Optional(inputs, "context"),
            Optional(denoiser, "contextFile"),
            denoiser.Text("output"))
        {
            Conditions = inputs is null ? new Dictionary<ConditionRole, string>() : Roles.Where(r => inputs.Has(r.Key)).ToDictionary(r => r.Value, r => inputs.Text(r.Key)),
            TimeFactor = denoiser.Number("timeFactor", 1, 1e-9),
            Packed = denoiser.Flag("packed", false),
            ContextShape = denoiser.Integers("contextShape", 1) is { Count: 2 } shape ? (shape[0], shape[1]) : null,
            ImagesFile = Optional(denoiser, "imagesFile"),
            PooledWidth = denoiser.Integer("pooledWidth", 0, 0),
            GuidanceWidth = denoiser.Integer("guidanceWidth", 256, 4),
        };
        inputs?.Close();
        denoiser.Close();
        if (entry.ContextInput is null && entry.ContextFile is not null)
        {
            denoiser.Report("contextFile", "is given, but inputs.context names no input for it.");
        }

        if (entry is { ImagesFile: not null, Packed: true })
        {
            denoiser.Report("imagesFile", "is given, but the state goes in as packed tokens, behind which no image fits.");
        }

        return entry;
    }

    private static SampleEntry ReadSample(JsonInspector? sample)
    {
        if (sample is null)
        {
            return new(1, 1, 1, -1, 1);
        }

        var range = sample.Numbers("range") ?? [-1, 1];
        if (range.Count != 2 || !(range[0] < range[1]))
        {
            sample.Report("range", "must be two numbers, the lower first.");
            range = [-1, 1];
        }

        var entry = new SampleEntry(
            sample.Integer("channels", low: 1, high: 1024), sample.Integer("height", low: 1, high: 16384), sample.Integer("width", low: 1, high: 16384),
            range[0], range[1], ReadLimit(sample, range))
        {
            Rounding = ReadRounding(sample),
        };
        sample.Close();
        return entry;
    }

    private static DataLimit? ReadLimit(JsonInspector sample, IReadOnlyList<double> range)
    {
        var clamps = sample.Flag("clampDenoised", false);
        if (sample.Child("thresholding") is not { } rule)
        {
            return clamps ? new DataLimit(range[0], range[1]) : null;
        }

        if (clamps)
        {
            sample.Report("thresholding", "stands beside clampDenoised; data predictions are limited in one way.");
        }

        var most = rule.Number("max", 1, low: 1);
        var limit = new DataLimit(-most, most, rule.Number("ratio", 0.995, low: 0, high: 1));
        rule.Close();
        return limit;
    }

    internal static LabelsEntry ReadLabels(JsonInspector labels)
    {
        var entry = new LabelsEntry(
            labels.Integer("count", low: 1), labels.Has("null") ? labels.Integer("null", low: 0) : null, labels.Texts("names") ?? [])
        {
            Table = Optional(labels, "table"),
        };
        labels.Close();
        if (entry.Names.Count > 0 && entry.Names.Count != entry.Count)
        {
            labels.Report("names", $"has {entry.Names.Count} entries for {entry.Count} classes.");
        }

        return entry;
    }

    internal static FeaturesEntry ReadFeatures(JsonInspector features)
    {
        var entry = new FeaturesEntry(
            features.Text("file"), features.Text("input"), features.Text("output"), Optional(features, "logits"),
            features.Integer("dimensions", low: 1), features.Text("preprocessing", "model-range", "model-range"));
        features.Close();
        return entry;
    }

    internal static PerceptualEntry ReadPerceptual(JsonInspector perceptual)
    {
        var inputs = perceptual.Texts("inputs") ?? [];
        if (inputs.Count != 2)
        {
            perceptual.Report("inputs", "must name the two image inputs.");
            inputs = [string.Empty, string.Empty];
        }

        var entry = new PerceptualEntry(perceptual.Text("file"), inputs[0], inputs[1], perceptual.Text("output"));
        perceptual.Close();
        return entry;
    }

    internal static DataEntry ReadData(JsonInspector data)
    {
        var entry = new DataEntry(data.Text("file"));
        data.Close();
        return entry;
    }

    internal static ReferenceEntry ReadReference(JsonInspector reference)
    {
        var file = reference.Text("file");
        var training = ReadStatistics(reference);
        var heldOut = reference.Child("heldOut");
        var held = heldOut is null ? null : ReadStatistics(heldOut);
        heldOut?.Close();
        reference.Close();
        return new(file, training, held);
    }

    private static StatisticsEntry ReadStatistics(JsonInspector entry) =>
        new(entry.Text("mean", "mu"), entry.Text("covariance", "sigma"), entry.Integer("count", low: 2));

    internal static Dictionary<string, string> ReadDigests(JsonInspector root) =>
        root.Child("digests") is not null && root.Any("digests") is { } digests
            ? digests.EnumerateObject().ToDictionary(d => d.Name, d => d.Value.ToString(), StringComparer.Ordinal)
            : [];

    private static string? Optional(JsonInspector? inspector, string name) => inspector?.Has(name) == true ? inspector.Text(name) : null;
}
