using System.Text.Encodings.Web;
using System.Text.Json;

namespace BatchEval.Cli.Models;

/// <summary>Makes statistics the reference of a model package: its manifest (or the file beside a diffusers pipeline) names them.</summary>
/// <param name="Manifest">The file that names them.</param>
/// <param name="File">Where they go unless told otherwise.</param>
internal sealed record ReferenceWriter(string Manifest, string File)
{
    private const string Standard = "ref_stats.npz";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The writer of a package.</summary>
    /// <exception cref="ProblemException">It is no model package.</exception>
    public static ReferenceWriter For(string directory)
    {
        string Beside(string name) => Path.Combine(directory, name);
        return System.IO.File.Exists(Beside(ModelPackage.ManifestFile)) ? new(Beside(ModelPackage.ManifestFile), Beside(Standard))
            : System.IO.File.Exists(Beside(ModelPackage.IndexFile)) ? new(Beside(ModelPackage.CompanionFile), Beside(Standard))
            : throw new ProblemException($"--write-reference: '{directory}' is no model package; it has neither a {ModelPackage.ManifestFile} nor a {ModelPackage.IndexFile}.");
    }

    /// <summary>Names the statistics. Comments in the manifest are not kept.</summary>
    /// <param name="count">Images behind them.</param>
    /// <exception cref="ProblemException">The file lies outside the package.</exception>
    public void Write(string file, long count)
    {
        var relative = Path.GetRelativePath(Path.GetDirectoryName(Manifest)!, file).Replace('\\', '/');
        if (relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative))
        {
            throw new ProblemException($"--write-reference: '{file}' lies outside the model package; leave --out out, or give a path inside it.");
        }

        var root = System.IO.File.Exists(Manifest) ? JsonNode.Parse(System.IO.File.ReadAllText(Manifest), documentOptions: Lenient)!.AsObject() : [];
        // What was measured on images never trained on belongs to the old file.
        root["reference"] = new JsonObject { ["file"] = relative, ["count"] = count };
        (root["digests"] as JsonObject)?.Remove(relative);
        System.IO.File.WriteAllText(Manifest, root.ToJsonString(Indented) + "\n");
    }
}
