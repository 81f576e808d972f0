using System.Security.Cryptography;
using System.Text;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Packages.Diffusers;

namespace BatchEval.Onnx.Packages;

/// <summary>A model package on disk: the manifest, and files that exist and have the digests it states.</summary>
/// <param name="Digest">SHA-256 over the manifest and every file it names; changes when anything that could change a result does.</param>
public sealed record ModelPackage(string Directory, ModelManifest Manifest, string Digest)
{
    public const string ManifestFile = "model.json";

    /// <summary>Name of the manifest of a diffusers pipeline.</summary>
    public const string IndexFile = "model_index.json";

    /// <summary>Name of the file that completes a diffusers pipeline.</summary>
    public const string CompanionFile = "batcheval.json";

    /// <summary>Opens a package: a folder with a <c>model.json</c>, or a diffusers pipeline with a <c>model_index.json</c>.</summary>
    /// <param name="complete">Changes what stands beside a diffusers pipeline, for options of a command; null for nothing.</param>
    /// <param name="references">Whether reference statistics are read; without, they need not exist yet.</param>
    /// <exception cref="ProblemException">The folder or manifest is missing or wrong, or a named file is missing or altered; everything wrong is listed.</exception>
    public static ModelPackage Open(string directory, Func<Companion, Companion>? complete = null, bool references = true)
    {
        var path = Path.Combine(directory, ManifestFile);
        if (File.Exists(path))
        {
            var text = File.ReadAllText(path);
            return Told(Check(directory, Kept(ModelManifestReader.Read(text, $"The manifest '{path}'"), references), text));
        }

        if (File.Exists(Path.Combine(directory, IndexFile)))
        {
            var beside = Path.Combine(directory, CompanionFile);
            var companion = Companion.Read(beside);
            companion = complete?.Invoke(companion) ?? companion;
            // What was given on a command line takes part in the digest by its effect on the manifest.
            var text = (File.Exists(beside) ? File.ReadAllText(beside) : string.Empty) + (companion.Size is { } size ? $"\n{size.Height} x {size.Width}" : string.Empty);
            return Check(directory, Kept(DiffusersFolder.Read(directory, companion), references), text);
        }

        throw new ProblemException(NoManifest(directory));
    }

    /// <summary>Whether a folder says that it is a package, by either manifest; whether it is whole, <see cref="Open"/> tells.</summary>
    public static bool IsAt(string directory) => File.Exists(Path.Combine(directory, ManifestFile)) || File.Exists(Path.Combine(directory, IndexFile));

    /// <summary>
    /// Whether every file has the length and the time of change that it had before it was read for <see cref="Digest"/>; costs no reading.
    /// </summary>
    public bool IsUnchanged => Stamp == StampOf(Directory, Manifest);

    private string? Stamp { get; init; }

    /// <summary>Full path of a file of the package.</summary>
    public string PathOf(string file) => Path.Combine(Directory, file);

    // The network itself says which times it can be told; levels are placed at those.
    private static ModelPackage Told(ModelPackage package)
    {
        var (manifest, entry) = (package.Manifest, package.Manifest.Denoiser);
        return DeclaredInputs.Of(package.PathOf(entry.File)).FirstOrDefault(i => i.Name == entry.TimeInput) is { Times: not TimeInput.Real } time
            ? package with { Manifest = manifest with { Schedule = manifest.Schedule.For(time.Times) } }
            : package;
    }

    private static ModelManifest Kept(ModelManifest manifest, bool references) => references ? manifest : manifest with { Reference = null };

    private static string NoManifest(string directory)
    {
        if (File.Exists(directory) && directory.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
        {
            return $"'{directory}' is a network and no model package: nothing says what its output means and which noise it was trained on. Write a manifest beside it with: batcheval model init {directory}";
        }

        return System.IO.Directory.Exists(directory) && System.IO.Directory.EnumerateFiles(directory, "*.onnx").Any()
            ? $"'{directory}' is not a model package: it has no {ManifestFile} and no {IndexFile}. Write a manifest with: batcheval model init {directory}"
            : $"'{directory}' is not a model package: it has no {ManifestFile} and no {IndexFile}.";
    }

    private static ModelPackage Check(string directory, ModelManifest manifest, string text)
    {
        var problems = new List<Problem>();
        var stamp = StampOf(directory, manifest);
        var digests = new StringBuilder(Core.Json.Digest.Of(text));
        foreach (var (member, file) in FilesOf(directory, manifest))
        {
            digests.Append('\n').Append(file).Append(' ').Append(CheckFile(directory, manifest.Digests, member, file, problems));
        }

        if (manifest.Decoder is { Tile: { } side } decoder && decoder.TileProblem(manifest.Sample, side) is { } problem)
        {
            problems.Add(new Problem("decoder.tile", problem));
        }

        return problems.Count == 0
            ? new ModelPackage(directory, manifest, Core.Json.Digest.Of(digests.ToString())) { Stamp = stamp }
            : throw new ProblemException($"The model package '{directory}'", problems);
    }

    private static string StampOf(string directory, ModelManifest manifest) =>
        string.Join('\n', FilesOf(directory, manifest).Select(f => f.File).Concat([ManifestFile, IndexFile, CompanionFile]).Select(file =>
        {
            var path = Path.Combine(directory, file);
            return File.Exists(path) && LinkedFile.Of(path) is var info ? $"{file} {info.Length} {info.LastWriteTimeUtc.Ticks}" : file;
        }));

    private static IEnumerable<(string Member, string File)> FilesOf(string directory, ModelManifest manifest)
    {
        (string Member, string? File)[] files =
        [
            ("denoiser.file", manifest.Denoiser.File), ("denoiser.contextFile", manifest.Denoiser.ContextFile), ("denoiser.imagesFile", manifest.Denoiser.ImagesFile), ("labels.table", manifest.Labels?.Table),
            ("features.file", manifest.Features?.File), ("perceptual.file", manifest.Perceptual?.File), ("reference.file", manifest.Reference?.File), ("data.file", manifest.Data?.File),
            ("classifier.file", manifest.Classifier?.File), ("decoder.file", manifest.Decoder?.File), ("prompts", manifest.PromptFile), ("embeddings", manifest.EmbeddingsFile),
            .. (manifest.Text?.Encoders ?? []).Select((e, i) => ($"text.encoders[{i}].file", (string?)e.File)), .. manifest.OtherFiles.Select(f => (f, (string?)f)),
        ];
        return files.Where(f => f.File is not null).Select(f => (f.Member, f.File!)).Concat(FolderFiles(directory, "clip", manifest.ClipFolder)).Concat(FolderFiles(directory, "secondFeatures", manifest.SecondFolder)).DistinctBy(f => f.Item2);
    }

    // The whole folder, tokenizer included; of a folder that is not there, the file that it lacks.
    private static IEnumerable<(string Member, string File)> FolderFiles(string directory, string member, string? folder) => folder is null ? []
        : System.IO.Directory.Exists(Path.Combine(directory, folder))
            ? System.IO.Directory.EnumerateFiles(Path.Combine(directory, folder), "*", SearchOption.AllDirectories).Select(f => (member, Path.GetRelativePath(directory, f).Replace('\\', '/'))).OrderBy(f => f.Item2, StringComparer.Ordinal)
            : [(member, $"{folder}/{FeaturePackage.ManifestFile}")];

    /// <summary>Digest of a named file that must lie inside the package and have the digest stated.</summary>
    internal static string CheckFile(string directory, IReadOnlyDictionary<string, string> stated, string member, string file, List<Problem> problems)
    {
        if (Path.IsPathRooted(file) || file.Split('/', '\\').Contains(".."))
        {
            problems.Add(new Problem(member, $"is '{file}'; it must be a relative path inside the package."));
            return string.Empty;
        }

        var path = Path.Combine(directory, file);
        if (!File.Exists(path))
        {
            problems.Add(new Problem(member, $"names '{file}', which does not exist in '{directory}'."));
            return string.Empty;
        }

        using var stream = File.OpenRead(path);
        var digest = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (stated.TryGetValue(file, out var expected) && !expected.Equals($"sha256:{digest}", StringComparison.OrdinalIgnoreCase))
        {
            problems.Add(new Problem($"digests.{file}", $"states {expected}, but the file has sha256:{digest}; it was altered or only partly copied."));
        }

        return digest;
    }
}
