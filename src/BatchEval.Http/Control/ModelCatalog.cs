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
        if (Has(name))
        {
            return null;
        }

        var known = Names();
        return new Problem("model", $"is not a model of this service; allowed: {(known.Count == 0 ? "none is installed" : string.Join(", ", known))}.");
    }

    /// <summary>The name of the package that a run names by its name here or, on a command line, by its folder below a root; null where there is none.</summary>
    public string? NameOf(string model)
    {
        string[] names = [model, .. Path.IsPathFullyQualified(model) ? Roots.Select(root => Path.GetRelativePath(root, Path.TrimEndingDirectorySeparator(model)).Replace('\\', '/')) : []];
        return names.FirstOrDefault(Has);
    }

    /// <summary>Names of the packages whose last folder is that of a path. Only digests tell which of them, if any, is the same model.</summary>
    public IReadOnlyList<string> Alike(string model) => [.. Names().Where(name => LastFolder(name) == LastFolder(model))];

    /// <summary>The last folder of a path.</summary>
    public static string LastFolder(string path) => path.TrimEnd('/', '\\').Split('/', '\\')[^1];

    private bool Has(string name)
    {
        var plain = name.Length <= 200 && name.Split('/').All(p => p.Length > 0 && p[0] != '.' && p.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'));
        return plain && Roots.Any(root => ModelPackage.IsAt(Path.Combine(root, name)));
    }

    private static IEnumerable<string> Below(string root, string folder, int depth)
    {
        if (folder != root && ModelPackage.IsAt(folder))
        {
            return [Path.GetRelativePath(root, folder).Replace('\\', '/')];
        }

        return depth == 0 ? [] : Directory.EnumerateDirectories(folder).Where(d => !Path.GetFileName(d).StartsWith('.')).SelectMany(d => Below(root, d, depth - 1));
    }
}
