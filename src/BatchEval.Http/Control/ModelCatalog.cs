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

    /// <summary>The name of the package that a run names by its name here or, on a command line, by its folder; null where there is none.</summary>
    /// <remarks>A folder elsewhere stands for the only package here that has the same last folder.</remarks>
    public string? NameOf(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Check(model) is null)
        {
            return model;
        }

        foreach (var root in Path.IsPathFullyQualified(model) ? Roots : [])
        {
            if (Path.GetRelativePath(root, Path.TrimEndingDirectorySeparator(model)).Replace('\\', '/') is var below && Check(below) is null)
            {
                return below;
            }
        }

        var alike = Names().Where(n => LastFolder(n) == LastFolder(model)).Take(2).ToList();
        return alike.Count == 1 ? alike[0] : null;
    }

    /// <summary>The last folder of a path.</summary>
    public static string LastFolder(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.TrimEnd('/', '\\').Split('/', '\\')[^1];
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
