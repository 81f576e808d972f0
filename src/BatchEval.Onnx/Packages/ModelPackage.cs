using System.Security.Cryptography;
using System.Text;
using BatchEval.Core.Json;

namespace BatchEval.Onnx.Packages;

/// <summary>A model package on disk: the manifest, and files that exist and have the digests it states.</summary>
/// <param name="Directory">Folder of the package.</param>
/// <param name="Manifest">The validated manifest.</param>
/// <param name="Digest">SHA-256 over the manifest and every file it names; changes when anything that could change a result does.</param>
public sealed record ModelPackage(string Directory, ModelManifest Manifest, string Digest)
{
    /// <summary>Name of the manifest in a package.</summary>
    public const string ManifestFile = "model.json";

    /// <summary>Opens a package.</summary>
    /// <exception cref="ProblemException">The folder or manifest is missing or wrong, or a named file is missing or altered; everything wrong is listed.</exception>
    public static ModelPackage Open(string directory)
    {
        var path = Path.Combine(directory, ManifestFile);
        if (!File.Exists(path))
        {
            throw new ProblemException($"'{directory}' is not a model package: it has no {ManifestFile}.");
        }

        var text = File.ReadAllText(path);
        var manifest = ModelManifestReader.Read(text, $"The manifest '{path}'");
        var problems = new List<Problem>();
        var digests = new StringBuilder(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        foreach (var (member, file) in FilesOf(manifest))
        {
            digests.Append('\n').Append(file).Append(' ').Append(CheckFile(directory, manifest.Digests, member, file, problems));
        }

        return problems.Count == 0
            ? new ModelPackage(directory, manifest, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(digests.ToString()))))
            : throw new ProblemException($"The model package '{directory}'", problems);
    }

    /// <summary>Full path of a file of the package.</summary>
    public string PathOf(string file) => Path.Combine(Directory, file);

    private static IEnumerable<(string Member, string File)> FilesOf(ModelManifest manifest)
    {
        yield return ("denoiser.file", manifest.Denoiser.File);
        if (manifest.Denoiser.ContextFile is { } context)
        {
            yield return ("denoiser.contextFile", context);
        }

        if (manifest.Features is { } features)
        {
            yield return ("features.file", features.File);
        }

        if (manifest.Perceptual is { } perceptual)
        {
            yield return ("perceptual.file", perceptual.File);
        }

        if (manifest.Reference is { } reference)
        {
            yield return ("reference.file", reference.File);
        }

        if (manifest.Data is { } data)
        {
            yield return ("data.file", data.File);
        }
    }

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
