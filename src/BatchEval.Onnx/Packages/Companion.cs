using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Packages;

/// <summary>
/// What a diffusers folder does not say and a run may need: <c>batcheval.json</c> beside <c>model_index.json</c>, or options of a command. Everything in it may be left out.
/// </summary>
public sealed record Companion
{
    /// <summary>Short name, or null for the folder's.</summary>
    public string? Name { get; init; }

    /// <summary>Where weights come from, or null.</summary>
    public string? Provenance { get; init; }

    /// <summary>Image size in pixels, or null for the model's own.</summary>
    public (int Height, int Width)? Size { get; init; }

    /// <summary>How values become bytes.</summary>
    public PixelRounding Rounding { get; init; }

    public string? Prompts { get; init; }

    /// <summary>File of precomputed embeddings.</summary>
    public string? Embeddings { get; init; }

    /// <summary>File of images that the denoiser takes beside its state.</summary>
    public string? Images { get; init; }

    /// <summary>Folder of a CLIP package.</summary>
    public string? Clip { get; init; }

    /// <summary>Folder of a second feature package.</summary>
    public string? SecondFeatures { get; init; }

    public LabelsEntry? Labels { get; init; }

    public FeaturesEntry? Features { get; init; }

    public PerceptualEntry? Perceptual { get; init; }

    public ReferenceEntry? Reference { get; init; }

    /// <summary>Clean samples.</summary>
    public DataEntry? Data { get; init; }

    public ClassifierEntry? Classifier { get; init; }

    /// <summary>What is done to latents before they are decoded, in place of what the decoder's configuration says.</summary>
    public LatentScaling? Decoder { get; init; }

    /// <summary>SHA-256 of files.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads a file; nothing where there is none.</summary>
    /// <exception cref="ProblemException">It is damaged; every problem is listed.</exception>
    public static Companion Read(string path)
    {
        if (!File.Exists(path))
        {
            return new Companion();
        }

        var problems = new List<Problem>();
        if (JsonInspector.Parse(File.ReadAllText(path), problems) is { } parsed)
        {
            using (parsed.Document)
            {
                var companion = Read(parsed.Root);
                if (problems.Count == 0)
                {
                    return companion;
                }
            }
        }

        throw new ProblemException($"'{path}'", problems);
    }

    private static Companion Read(JsonInspector root)
    {
        string? Optional(string name) => root.Has(name) ? root.Text(name) : null;
        var size = root.Integers("size", 1, 16384);
        if (size is not (null or { Count: 2 }))
        {
            root.Report("size", "must be [height, width] in pixels.");
        }

        var companion = new Companion
        {
            Name = Optional("name"),
            Provenance = Optional("provenance"),
            Size = size is { Count: 2 } ? (size[0], size[1]) : null,
            Rounding = ModelManifestReader.ReadRounding(root),
            Prompts = Optional("prompts"),
            Embeddings = Optional("embeddings"),
            Images = Optional("images"),
            Clip = Optional("clip"),
            SecondFeatures = Optional("secondFeatures"),
            Labels = root.Child("labels") is { } labels ? ModelManifestReader.ReadLabels(labels) : null,
            Features = root.Child("features") is { } features ? ModelManifestReader.ReadFeatures(features) : null,
            Perceptual = root.Child("perceptual") is { } perceptual ? ModelManifestReader.ReadPerceptual(perceptual) : null,
            Reference = root.Child("reference") is { } reference ? ModelManifestReader.ReadReference(reference) : null,
            Data = root.Child("data") is { } data ? ModelManifestReader.ReadData(data) : null,
            Classifier = root.Child("classifier") is { } classifier ? ModelManifestReader.ReadClassifier(classifier) : null,
            Decoder = root.Child("decoder") is { } decoder ? LatentScaling.Read(decoder) : null,
            Digests = ModelManifestReader.ReadDigests(root),
        };
        root.Close();
        return companion;
    }
}

/// <summary>What is done to latents before they are decoded; null for what the decoder's own configuration says.</summary>
/// <param name="ScalingFactor">They are divided by it.</param>
/// <param name="ShiftFactor">Added after the division.</param>
/// <param name="Means">Per channel; with deviations, z deviation / scaling factor + mean.</param>
/// <param name="Deviations">Per channel.</param>
/// <param name="Tile">Side of tiles in pixels.</param>
public sealed record LatentScaling(double? ScalingFactor, double? ShiftFactor, IReadOnlyList<double>? Means, IReadOnlyList<double>? Deviations, int? Tile)
{
    internal static LatentScaling Read(JsonInspector root)
    {
        double? Optional(string name, double low) => root.Has(name) ? root.Number(name, null, low, 1e6) : null;
        var scaling = new LatentScaling(Optional("scalingFactor", 1e-6), Optional("shiftFactor", -1e6), root.Numbers("latentMeans"), root.Numbers("latentDeviations"), ReadTile(root));
        root.Close();
        return scaling;
    }

    internal static int? ReadTile(JsonInspector decoder) => decoder.Has("tile") ? decoder.Integer("tile", null, 1, 65536) : null;
}
