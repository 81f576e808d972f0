using System.Text.Encodings.Web;
using System.Text.Json;
using BatchEval.Onnx.Graph;

namespace BatchEval.Cli.Models;

/// <summary>Writes a manifest beside a network.</summary>
internal static class ModelInit
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes it.</summary>
    /// <param name="path">A network, or a folder with one.</param>
    /// <param name="answers">What was said about it.</param>
    /// <param name="force">Whether a manifest that exists is replaced.</param>
    /// <exception cref="ProblemException">What is still missing, or what is in the way.</exception>
    public static void Run(string path, DraftAnswers answers, bool force, Shell shell)
    {
        var file = Network(path);
        var folder = Path.GetDirectoryName(file)!;
        var manifest = Path.Combine(folder, ModelPackage.ManifestFile);
        if (File.Exists(manifest) && !force)
        {
            throw new ProblemException($"'{shell.Shorten(manifest)}' exists; replace it with --force.");
        }

        var draft = ManifestDraft.Of(OnnxModel.Open(file), answers);
        var text = draft.Manifest.ToJsonString(Indented) + "\n";
        _ = ModelManifestReader.Read(text, "The manifest as it would be written");
        File.WriteAllText(manifest, text);
        foreach (var line in draft.Found)
        {
            shell.Out.WriteLine(line);
        }

        shell.Out.WriteLine($"Written: {shell.Shorten(manifest)}. Now look at what the network does: batcheval model check {shell.Shorten(folder)}");
    }

    private static string Network(string path)
    {
        if (File.Exists(path))
        {
            return path;
        }

        if (!Directory.Exists(path))
        {
            throw new ProblemException($"'{path}' does not exist; give an .onnx file or the folder that holds it.");
        }

        if (File.Exists(Path.Combine(path, ModelPackage.IndexFile)))
        {
            throw new ProblemException($"'{path}' is a diffusers pipeline ({ModelPackage.IndexFile}) and is read as it is; what it lacks stands in {ModelPackage.CompanionFile} beside it (docs/models.md). Look at it with: batcheval model check {path}");
        }

        string[] files = [.. Directory.EnumerateFiles(path, "*.onnx").Order(StringComparer.Ordinal)];
        return files.Length == 1 ? files[0]
            : throw new ProblemException(files.Length == 0 ? $"'{path}' holds no .onnx file." : $"'{path}' holds several networks; name the denoiser: {string.Join(", ", files.Select(Path.GetFileName))}.");
    }
}
