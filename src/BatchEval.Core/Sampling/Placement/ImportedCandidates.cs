using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Core.Json;

namespace BatchEval.Core.Sampling.Placement;

/// <summary>
/// Candidates that are written as a list from another tool, <c>{ "solver": "dpmpp-2m", "sigmas": [14.6, 6.5, 0] }</c> (or <c>timesteps</c>; <c>ending</c> where
/// the list does not end in 0), become candidates with steps once the model is known.
/// </summary>
public static class ImportedCandidates
{
    /// <summary>Whether a JSON object is such a list.</summary>
    public static bool IsImport(JsonNode? node) => node is JsonObject o && !o.ContainsKey("steps") && (o.ContainsKey("sigmas") || o.ContainsKey("timesteps"));

    /// <summary>The candidate of such a list.</summary>
    /// <exception cref="ProblemException">It cannot be used on the model.</exception>
    public static Candidate Read(JsonObject json, NoiseSchedule noise, string path = "")
    {
        var problems = new List<Problem>();
        using var document = JsonDocument.Parse(json.ToJsonString());
        var root = new JsonInspector(document.RootElement, path, problems);
        var solver = root.Text("solver");
        var ending = root.Has("ending") ? root.Text("ending", null, [.. ImportedSchedule.EndingNames]) : null;
        var (sigmas, times) = (root.Numbers("sigmas"), root.Numbers("timesteps"));
        root.Close();
        if (sigmas is not null && times is not null)
        {
            root.Report("timesteps", "stands beside sigmas; give one of them.");
        }

        if (problems.Count == 0)
        {
            try
            {
                var found = new ImportedSchedule(sigmas ?? times!, sigmas is null, ending is null ? null : ImportedSchedule.ParseEnding(ending)).On(noise);
                return Candidate.At(solver, found.Times, found.End);
            }
            catch (ArgumentException error)
            {
                problems.Add(new Problem(path, ErrorText.Of(error)));
            }
        }

        throw new ProblemException("The candidate", problems);
    }

    /// <summary>A run specification with every such list replaced; the same text where there is none, or where it is no JSON.</summary>
    /// <param name="noiseOf">The noise schedule of a model by its name in the specification.</param>
    /// <exception cref="ProblemException">A list cannot be used on the model.</exception>
    public static string Resolve(string specification, Func<string, NoiseSchedule> noiseOf)
    {
        // What cannot be read is left to the reader of specifications, which has the words for it.
        using var document = JsonInspector.Parse(specification, [])?.Document;
        if (document?.RootElement.ValueKind != JsonValueKind.Object)
        {
            return specification;
        }

        var root = JsonObject.Create(document.RootElement)!;
        if (root["candidates"] is not JsonArray candidates || !candidates.Any(IsImport) || root["model"] is not JsonValue model || !model.TryGetValue<string>(out var name))
        {
            return specification;
        }

        var noise = noiseOf(name);
        for (var i = 0; i < candidates.Count; i++)
        {
            if (IsImport(candidates[i]))
            {
                candidates[i] = JsonNode.Parse(CandidateJson.Write(Read(candidates[i]!.AsObject(), noise, $"candidates[{i}]")));
            }
        }

        return root.ToJsonString();
    }
}
