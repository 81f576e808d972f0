using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Packages;

/// <summary>
/// Networks that metrics need, from a stand-alone package with a <c>features.json</c> or from a whole model package: the files exist and have the digests stated.
/// </summary>
public sealed class FeaturePackage
{
    /// <summary>Name of the manifest in a stand-alone package.</summary>
    public const string ManifestFile = "features.json";

    private readonly Dictionary<string, string> digests;

    private FeaturePackage(string directory, FeatureManifest manifest, Dictionary<string, string> digests) => (Directory, Manifest, this.digests) = (directory, manifest, digests);

    public string Directory { get; }

    public FeatureManifest Manifest { get; }

    /// <summary>Opens a package.</summary>
    /// <param name="directory">A folder with a <c>features.json</c>, or a model package.</param>
    /// <exception cref="ProblemException">The folder or manifest is missing or wrong, or a named file is missing or altered; everything wrong is listed.</exception>
    public static FeaturePackage Open(string directory)
    {
        string path = Path.Combine(directory, ManifestFile);
        if (!File.Exists(path))
        {
            return ModelPackage.IsAt(directory)
                ? Of(ModelPackage.Open(directory, references: false))
                : throw new ProblemException($"'{directory}' is no feature package: it has neither a {ManifestFile} nor a {ModelPackage.ManifestFile}.");
        }

        return Check(directory, FeatureManifestReader.Read(File.ReadAllText(path), $"The manifest '{path}'"));
    }

    /// <summary>SHA-256 of the feature network's file: the same network in another package is the same network.</summary>
    public string NetworkDigest => digests[Manifest.Features!.File];

    /// <summary>SHA-256 of the perceptual network's file.</summary>
    public string PerceptualDigest => digests[Manifest.Perceptual!.File];

    /// <summary>Full path of a file of the package.</summary>
    public string PathOf(string file) => Path.Combine(Directory, file);

    /// <summary>The input of the feature network, with another resize if one is named.</summary>
    /// <exception cref="ProblemException">The package has no feature network.</exception>
    public FeatureInput InputWith(ResizeMethod? resize)
    {
        FeatureInput input = Manifest.Image ?? throw new ProblemException($"The package '{Directory}' has no feature network ('features' in its manifest).");
        return resize is { } method ? input with { Resize = method } : input;
    }

    /// <summary>The networks of a model package; they take images in the model's size and range.</summary>
    public static FeaturePackage Of(ModelPackage model)
    {
        ModelManifest m = model.Manifest;
        SampleEntry s = m.Image;
        return Check(model.Directory, new FeatureManifest(
            m.Name, m.Description, m.Features, m.Features is { } features ? FeatureInput.OfModel(s, features.Preprocessing) : null,
            m.Perceptual, m.Perceptual is null ? null : new PerceptualImage(s.Channels, s.Height, s.Width, 1, s.Low, s.High), m.Provenance, m.Digests));
    }

    private static FeaturePackage Check(string directory, FeatureManifest manifest)
    {
        var problems = new List<Problem>();
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        (string Member, string? File)[] files = [("features.file", manifest.Features?.File), ("perceptual.file", manifest.Perceptual?.File), ("text.file", manifest.Text?.File)];
        foreach ((string member, string? file) in files)
        {
            if (file is not null)
            {
                digests[file] = ModelPackage.CheckFile(directory, manifest.Digests, member, file, problems);
            }
        }

        return problems.Count == 0 ? new FeaturePackage(directory, manifest, digests) : throw new ProblemException($"The feature package '{directory}'", problems);
    }
}
