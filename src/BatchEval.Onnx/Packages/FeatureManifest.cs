namespace BatchEval.Onnx.Packages;

/// <summary>What the <c>features.json</c> of a stand-alone feature package says; <c>docs/metrics.md</c> documents every field.</summary>
/// <param name="Description">One sentence for people.</param>
/// <param name="Image">How images become its input; null exactly if there is none.</param>
/// <param name="Perceptual">Network that gives a perceptual distance of two images, or null.</param>
/// <param name="PerceptualImage">Its images; null exactly if there is none.</param>
/// <param name="Provenance">Where weights come from.</param>
/// <param name="Digests">SHA-256 of the package's files, by file name.</param>
public sealed record FeatureManifest(
    string Name,
    string Description,
    FeaturesEntry? Features,
    FeatureInput? Image,
    PerceptualEntry? Perceptual,
    PerceptualImage? PerceptualImage,
    string Provenance,
    IReadOnlyDictionary<string, string> Digests)
{
    /// <summary>Network that embeds texts where the feature network embeds images (CLIP), or null.</summary>
    public TextEncoderEntry? Text { get; init; }

    /// <summary>Version of the format that this code reads.</summary>
    public const int FormatVersion = 1;
}

/// <summary>Images that a perceptual network takes.</summary>
/// <param name="Channels">3 or 1.</param>
/// <param name="MinimumSize">Smallest height and width.</param>
/// <param name="Low">Value of black.</param>
/// <param name="High">Value of white.</param>
public sealed record PerceptualImage(int Channels, int? Height, int? Width, int MinimumSize, double Low, double High);
