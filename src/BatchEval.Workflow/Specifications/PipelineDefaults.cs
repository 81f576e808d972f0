using System.Globalization;
using System.Text.Json.Nodes;
using BatchEval.Onnx.Packages;

namespace BatchEval.Workflow.Specifications;

/// <summary>
/// What a run specification leaves open on a model whose files say what its pipeline does: the guidance scale, the unaccelerated sampler, and a baseline on the
/// pipeline's own grid. Models whose files say nothing of it keep the defaults of the format.
/// </summary>
public static class PipelineDefaults
{
    private const int UsualSteps = 50;

    /// <summary>Puts the pipeline's settings under a specification's JSON; the same text where there is nothing to put, or where it is no JSON.</summary>
    /// <param name="json">The specification.</param>
    /// <param name="manifestOf">Finds a model by its name in the specification.</param>
    /// <returns>The specification, and what was taken from the pipeline in words; null for nothing.</returns>
    public static (string Json, string? Taken) Under(string json, Func<string, ModelManifest> manifestOf)
    {
        // What cannot be read is left to the reader of specifications, which has the words for it.
        using var document = JsonInspector.Parse(json, [])?.Document;
        if (document?.RootElement.ValueKind != System.Text.Json.JsonValueKind.Object || JsonObject.Create(document.RootElement) is not { } root
            || root["model"] is not JsonValue model || !model.TryGetValue<string>(out var name) || manifestOf(name) is not { Defaults.Scheduler: not null } manifest)
        {
            return (json, null);
        }

        string[] taken = [.. new[] { Guidance(root, manifest), Reference(root, manifest), Baselines(root) }.OfType<string>()];
        return taken.Length == 0 ? (json, null) : (root.ToJsonString(), $"Taken from the pipeline: {string.Join("; ", taken)}.");
    }

    private static string? Guidance(JsonObject root, ModelManifest manifest)
    {
        if (Part(root, "conditions") is not { } conditions)
        {
            return null;
        }

        if (conditions["guidanceScale"] is JsonValue given && given.TryGetValue<double>(out var asked) && asked >= 0 && manifest.GuidanceOf(asked) is var effective && effective != asked)
        {
            conditions["guidanceScale"] = effective;
            root["conditions"] = conditions;
            return string.Create(CultureInfo.InvariantCulture, $"pipelines of diffusers guide above 1 only, so conditions.guidanceScale is {effective} and not {asked}");
        }

        if (conditions.ContainsKey("guidanceScale") || manifest.Defaults.Guidance is not { } scale || scale == 1
            || !(manifest.TakesPrompts || manifest.EmbedsGuidance || conditions["label"] is not null))
        {
            return null;
        }

        conditions["guidanceScale"] = scale;
        root["conditions"] = conditions;
        return string.Create(CultureInfo.InvariantCulture, $"conditions.guidanceScale is {scale}");
    }

    private static string? Reference(JsonObject root, ModelManifest manifest)
    {
        if (Part(root, "reference") is not { } reference || new[] { "solver", "spacing", "candidate" }.Any(reference.ContainsKey) || Number(reference["samples"]) == 0)
        {
            return null;
        }

        var steps = reference.ContainsKey("steps") ? Number(reference["steps"]) : manifest.Defaults.Steps ?? UsualSteps;
        if (steps is not > 0)
        {
            return null;
        }

        if (manifest.OwnSampler(steps.Value) is not { } own)
        {
            return $"nothing for the unaccelerated sampler, since its scheduler ({manifest.Defaults.Scheduler!.Class}) cannot place {steps} steps on this network";
        }

        reference["candidate"] = JsonNode.Parse(CandidateJson.Write(own));
        root["reference"] = reference;
        return $"the unaccelerated sampler is {own.Solver} with {own.Steps.Count} steps on the grid of its scheduler ({manifest.Defaults.Scheduler!.Class})";
    }

    private static string? Baselines(JsonObject root)
    {
        if (root.ContainsKey("baselines"))
        {
            return null;
        }

        root["baselines"] = new JsonArray([.. BaselineNames.Default.Append(BaselineNames.Own).Select(b => (JsonNode)b)]);
        return $"'{BaselineNames.Own}' is among the baselines";
    }

    // A copy; empty where the specification has no such part, null where it is something else.
    private static JsonObject? Part(JsonObject root, string name) => root.ContainsKey(name) ? root[name]?.DeepClone() as JsonObject : [];

    private static int? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;
}
