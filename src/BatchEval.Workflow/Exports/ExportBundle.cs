using System.Text.Json.Nodes;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Exports;

/// <summary>Everything that is handed over of a sampler, in the forms that users paste or load; docs/exports.md describes them.</summary>
public static class ExportBundle
{
    private static readonly SortedDictionary<string, Func<ExportSubject, string>> Printed = new(StringComparer.Ordinal)
    {
        ["comfyui"] = s => new ComfyUiFiles(s).Sigmas(),
        ["comfyui-workflow"] = s => Indented(new ComfyUiFiles(s).Workflow()),
        ["diffusers"] = s => DiffusersFile.Write(s, alone: true),
        ["json"] = s => Indented(Schedule(s)),
        ["k-diffusion"] = KDiffusionFile.Write,
        ["sampler"] = s => Indented(SamplerDocument.Write(s)),
    };

    /// <summary>Names of the forms that can be printed alone.</summary>
    public static IReadOnlyCollection<string> Forms => Printed.Keys;

    /// <summary>One form as a text that needs no file beside it.</summary>
    public static string Print(string form, ExportSubject subject) => Printed[form](subject);

    public static IReadOnlyDictionary<string, string> Files(ExportSubject subject)
    {
        var comfy = new ComfyUiFiles(subject);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["sampler.json"] = Indented(SamplerDocument.Write(subject)),
            ["schedule.json"] = Indented(Schedule(subject)),
            ["diffusers.py"] = DiffusersFile.Write(subject),
            ["k-diffusion.py"] = KDiffusionFile.Write(subject),
            ["comfyui-workflow.json"] = Indented(comfy.Workflow()),
            ["comfyui-sigmas.txt"] = comfy.Sigmas(),
        };
        foreach (var name in SamplerReaders.Names)
        {
            files[name] = SamplerReaders.Program(name);
        }

        return files;
    }

    // For people and for `--candidate`: the list in short.
    private static JsonObject Schedule(ExportSubject subject) => new()
    {
        ["candidate"] = JsonNode.Parse(CandidateJson.Write(subject.Candidate)),
        ["timesteps"] = new JsonArray([.. subject.Times.Select(t => JsonValue.Create(t))]),
        ["sigmas"] = new JsonArray([.. subject.Sigmas.Select(SamplerDocument.Finite)]),
        ["ending"] = subject.Ending,
        ["networkCalls"] = subject.Candidate.NetworkCalls,
        ["guidance"] = subject.Conditions.GuidanceScale,
        ["stepsComputationMask"] = new JsonArray([.. subject.ComputedSteps.Select(c => JsonValue.Create(c ? 1 : 0))]),
        ["notInThisFile"] = Absent(subject),
    };

    private static string Absent(ExportSubject subject) =>
        "The solver's numbers, clamping, guidance beyond its scale and network names, which are in sampler.json." + (subject.Candidate.Skip is { Threshold: > 0 } ? " Calls that the skip policy leaves out are decided image by image." : string.Empty);

    private static string Indented(JsonObject json) => json.ToJsonString(Plain) + "\n";

    // Unlike WorkflowJson.Options, nulls are kept: readers in Python ask for every member.
    private static readonly System.Text.Json.JsonSerializerOptions Plain = new() { WriteIndented = true, NewLine = "\n", Encoder = WorkflowJson.Options.Encoder };
}
