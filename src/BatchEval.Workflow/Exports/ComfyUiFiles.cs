using System.Text.Json.Nodes;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Workflow.Exports;

/// <summary>
/// <c>comfyui-workflow.json</c>, a workflow in ComfyUI's API format (which its "Open" reads too), and <c>comfyui-sigmas.txt</c>, its list and sampler in words.
/// Where ComfyUI has no sampler that computes the same, our own node stands in the workflow.
/// </summary>
internal sealed class ComfyUiFiles
{
    private readonly ExportSubject subject;
    private readonly KSampler? peer;
    private readonly IReadOnlyList<string> absent;
    private readonly IReadOnlyList<string> refused;

    /// <summary>Decides which sampler.</summary>
    public ComfyUiFiles(ExportSubject subject)
    {
        this.subject = subject;
        var schedule = subject.Schedule;
        peer = subject.Solver.KSamplerOn(schedule.Process) is { InComfyUi: true } sampler ? sampler : null;
        refused = Obstacles.OfHosts(subject, infinite: true);
        absent = [.. Obstacles.Guidance(subject.Conditions, rescales: false, "ComfyUI has it as a switch between guiders or conditions by step")];
        var first = subject.Levels[0];
        // x = sigma * noise below the model's largest level, sqrt(1 + sigma^2) * noise at it; u * noise for flow models
        var start = first.IsPureNoise || schedule.Process == NoiseProcess.Flow ? first.Sigma
            : first.Alpha * (first.Ratio >= schedule.At(schedule.MaxTime).Ratio * (1 - 1e-5) ? Math.Sqrt(1 + (first.Ratio * first.Ratio)) : first.Ratio);
        var ends = subject.Levels[^1].Alpha == 1;
        Reasons =
        [
            .. peer is null ? [$"ComfyUI has no sampler that is {subject.Candidate.Solver} on such a model"] : Array.Empty<string>(),
            .. Obstacles.Of(subject, new FormAbilities(Ends: ends, FreeStart: false), start),
        ];
    }

    /// <summary>Why ComfyUI's own samplers do not do; empty where one does.</summary>
    public IReadOnlyList<string> Reasons { get; }

    private bool IsOwn => Reasons.Count > 0;

    private bool IsFlow => subject.Schedule.Process == NoiseProcess.Flow;

    /// <summary>The list of sigmas in one line, then the nodes that take it, in words.</summary>
    public string Sigmas() => refused.Count > 0
        ? $"Not in ComfyUI: {string.Join("; ", refused)}.\nsampler.py with sampler.json runs it, on the ONNX files or on any network.\n{subject.Ending}\n"
        : PythonText.Numbers(subject.Sigmas) + "\n\n" + string.Join('\n',
        [
            "The line above goes into ManualSigmas, alone.",
            IsOwn ? $"Sampler: the node of comfyui_node.py (\"Searched sampler\"), because {string.Join("; ", Reasons)}." : $"Sampler: {SamplerInWords()}.",
            $"Guider: {(subject.Conditions.IsGuided ? $"CFGGuider, cfg {PythonText.Number(subject.Conditions.GuidanceScale)}" : "CFGGuider with cfg 1, or BasicGuider")}.",
            .. absent,
            subject.Ending,
        ]) + "\n";

    public JsonObject Workflow()
    {
        var nodes = new JsonObject
        {
            ["1"] = Node("CheckpointLoaderSimple", "The model; choose yours", ("ckpt_name", "model.safetensors")),
            ["2"] = Node("CLIPTextEncode", "Prompt", ("text", string.Empty), ("clip", Link("1", 1))),
            ["3"] = Node("CLIPTextEncode", "Negative prompt", ("text", string.Empty), ("clip", Link("1", 1))),
            ["4"] = Node(IsFlow ? "EmptySD3LatentImage" : "EmptyLatentImage", "Size", ("width", IsFlow ? 1024 : 512), ("height", IsFlow ? 1024 : 512), ("batch_size", 1)),
            ["5"] = Node("RandomNoise", "Noise", ("noise_seed", 0)),
            ["6"] = Node("CFGGuider", string.Join(' ', absent.Prepend("Guidance")), ("model", Link("1", 0)), ("positive", Link("2", 0)), ("negative", Link("3", 0)), ("cfg", subject.Conditions.GuidanceScale)),
            ["7"] = IsOwn ? Node("BatchEvalSearchedSampler", refused.Count > 0 ? $"Not in ComfyUI, this node refuses it: {string.Join("; ", refused)}" : $"Searched sampler (comfyui_node.py): {subject.Candidate.Solver}", ("file", "sampler.json")) : Peer(),
            ["9"] = Node("SamplerCustomAdvanced", subject.Ending, ("noise", Link("5", 0)), ("guider", Link("6", 0)), ("sampler", Link("7", 0)), ("sigmas", IsOwn ? Link("7", 1) : Link("8", 0)), ("latent_image", Link("4", 0))),
            ["10"] = Node("VAEDecode", "Decode", ("samples", Link("9", 0)), ("vae", Link("1", 2))),
            ["11"] = Node("SaveImage", "Save", ("images", Link("10", 0)), ("filename_prefix", "BatchEval")),
        };
        if (!IsOwn)
        {
            nodes["8"] = Node("ManualSigmas", $"{subject.Candidate.Steps.Count} steps", ("sigmas", PythonText.Numbers(subject.Sigmas)));
        }

        return nodes;
    }

    private JsonObject Peer() => peer!.ComfyNode is var (type, inputs)
        ? Node(type, subject.Candidate.Solver, [.. inputs.Select(name => (name, Input(name)))])
        : Node("KSamplerSelect", subject.Candidate.Solver, ("sampler_name", peer.Name));

    // An input that the sampler does not state is at its default.
    private JsonNode Input(string name) => peer!.Options.FirstOrDefault(o => o.Name == name).Value switch
    {
        null when name == "noise_device" => "gpu",
        null => 1.0,
        ['"', .. var text, '"'] => text,
        var number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture),
    };

    private string SamplerInWords()
    {
        var node = Peer();
        return $"{node["class_type"]!.GetValue<string>()} ({string.Join(", ", node["inputs"]!.AsObject().Select(i => $"{i.Key} {i.Value}"))})";
    }

    private static JsonArray Link(string node, int output) => [node, output];

    private static JsonObject Node(string type, string title, params (string Name, JsonNode? Value)[] inputs)
    {
        var values = new JsonObject();
        foreach (var (name, value) in inputs)
        {
            values[name] = value;
        }

        return new JsonObject { ["class_type"] = type, ["inputs"] = values, ["_meta"] = new JsonObject { ["title"] = title } };
    }
}
