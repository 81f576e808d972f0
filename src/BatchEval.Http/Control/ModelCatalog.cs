using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;

namespace BatchEval.Http.Control;

/// <summary>The model packages that requests may name: folders below configured roots, and nothing else.</summary>
/// <param name="roots">The roots.</param>
public sealed class ModelCatalog(IReadOnlyList<string> roots)
{
    private const int Depth = 3;

    /// <summary>The roots.</summary>
    public IReadOnlyList<string> Roots { get; } = [.. roots.Select(Path.GetFullPath)];

    /// <summary>Names of the packages, sorted.</summary>
    public IReadOnlyList<string> Names() =>
        [.. Roots.Where(Directory.Exists).SelectMany(root => Below(root, root, Depth)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>What is wrong with a name, or null.</summary>
    public Problem? Check(string name)
    {
        var parts = name.Split('/');
        var plain = name.Length <= 200 && parts.All(p => p.Length > 0 && p[0] != '.' && p.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'));
        if (plain && Roots.Any(root => File.Exists(Path.Combine(root, name, ModelPackage.ManifestFile))))
        {
            return null;
        }

        var known = Names();
        return new Problem("model", $"is not a model of this service; allowed: {(known.Count == 0 ? "none is installed" : string.Join(", ", known))}.");
    }

    private static IEnumerable<string> Below(string root, string folder, int depth)
    {
        if (folder != root && File.Exists(Path.Combine(folder, ModelPackage.ManifestFile)))
        {
            return [Path.GetRelativePath(root, folder).Replace('\\', '/')];
        }

        return depth == 0 ? [] : Directory.EnumerateDirectories(folder).Where(d => !Path.GetFileName(d).StartsWith('.')).SelectMany(d => Below(root, d, depth - 1));
    }
}
