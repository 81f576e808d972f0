using System.Text.Json;
using BatchEval.Onnx.Graph;

namespace BatchEval.Onnx.Packages.Diffusers;

/// <summary>One network of a diffusers folder: its file, what it declares, and its <c>config.json</c>.</summary>
/// <param name="File">The ONNX file, relative to the model's folder.</param>
/// <param name="Config">Its configuration; empty where there is none.</param>
/// <param name="Files">Everything that is read of it, relative to the model's folder.</param>
internal sealed record DiffusersPart(
    string Folder, string File, IReadOnlyList<TensorInput> Inputs, IReadOnlyList<TensorInput> Outputs, JsonElement Config, IReadOnlyList<string> Files)
{
    private static readonly string[] Untransformed = [".safetensors", ".bin", ".ckpt", ".pt", ".msgpack"];

    /// <summary>Finds a part by its folder; null where the model has none.</summary>
    /// <exception cref="ProblemException">There is a folder, but no ONNX file in it, or several.</exception>
    public static DiffusersPart? Find(string model, params IReadOnlyList<string> folders)
    {
        foreach (var folder in folders.Where(f => Directory.Exists(Path.Combine(model, f))))
        {
            var file = Choose(model, folder);
            var graph = OnnxModel.Open(Path.Combine(model, file));
            var config = Path.Combine(model, folder, "config.json");
            string[] files = [file, .. graph.WeightFiles.Select(w => $"{folder}/{w}"), .. System.IO.File.Exists(config) ? [$"{folder}/config.json"] : Array.Empty<string>()];
            return new DiffusersPart(folder, file, graph.Inputs, graph.Outputs, ReadConfig(config), files);
        }

        return null;
    }

    /// <summary>The input of one of some names, or null.</summary>
    public TensorInput? Input(params IReadOnlyList<string> names) => Inputs.FirstOrDefault(i => names.Contains(i.Name));

    /// <summary>The input of one of some names.</summary>
    /// <exception cref="ProblemException">There is none.</exception>
    public TensorInput Required(string role, params IReadOnlyList<string> names) => Input(names)
        ?? throw new ProblemException($"{File} has no {role} input: none of {string.Join(", ", names)}; it has: {string.Join(", ", Inputs.Select(i => i.Name))}.");

    /// <summary>A whole number of the configuration; the first where it is a list.</summary>
    public int? Integer(string name) => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty(name, out var value)
        ? value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 ? Whole(value[0]) : Whole(value)
        : null;

    public double? Number(string name) => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    public IReadOnlyList<double>? Numbers(string name) => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.Number).Select(v => v.GetDouble())] : null;

    /// <summary>A flag of the configuration; false where absent.</summary>
    public bool Flag(string name) => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    public string? Text(string name) => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Whole(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static string Choose(string model, string folder)
    {
        var path = Path.Combine(model, folder);
        string[] files = [.. Directory.EnumerateFiles(path, "*.onnx").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        if (files.Contains("model.onnx"))
        {
            return $"{folder}/model.onnx";
        }

        if (files.Length == 1)
        {
            return $"{folder}/{files[0]}";
        }

        var torch = Directory.EnumerateFiles(path).Any(f => Untransformed.Contains(Path.GetExtension(f)));
        throw new ProblemException(files.Length > 1 ? $"'{path}' holds several ONNX files ({string.Join(", ", files)}) and none is named model.onnx; leave the one that is meant."
            : torch ? $"'{path}' holds weights of PyTorch and no ONNX file. Export the model first: optimum-cli export onnx --model <name or folder> <target folder> (docs/models.md)."
            : $"'{path}' holds no ONNX file.");
    }

    private static JsonElement ReadConfig(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            return default;
        }

        try
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllText(path));
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new ProblemException($"'{path}' is not valid JSON: {error.Message}");
        }
    }
}
