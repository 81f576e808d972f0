using System.Text.Json;
using System.Text.Json.Nodes;

namespace BatchEval.Workflow.Specifications;

/// <summary>Changes a specification's JSON by assignments such as <c>search.generations=3</c> before it is read.</summary>
public static class SpecificationOverrides
{
    /// <summary>Applies assignments in order. A value is text where the field is a text, otherwise JSON if it parses as JSON.</summary>
    /// <exception cref="ProblemException">The text is not a JSON object, or an assignment is malformed.</exception>
    public static string Apply(string json, IEnumerable<string> assignments)
    {
        var problems = new List<Problem>();
        using var document = JsonInspector.Parse(json, problems)?.Document;
        if (document is null || problems.Count > 0)
        {
            throw new ProblemException("The run specification", problems);
        }

        var root = JsonObject.Create(document.RootElement)!;
        foreach (var assignment in assignments)
        {
            var split = assignment.IndexOf('=', StringComparison.Ordinal);
            if (split < 1)
            {
                throw new ProblemException($"'--set {assignment}' is not of the form path=value, for example search.generations=3.");
            }

            var (path, text) = (assignment[..split], assignment[(split + 1)..]);
            Assign(root, path.Split('.'), Parse(text, SpecificationJson.TypeOf(path)), assignment);
        }

        return root.ToJsonString();
    }

    private static void Assign(JsonObject root, string[] path, JsonNode? value, string assignment)
    {
        JsonNode? node = root;
        foreach (var member in path[..^1])
        {
            if (node is JsonObject parent && parent[member] is null)
            {
                parent[member] = new JsonObject();
            }

            node = node is JsonObject o ? o[member] : null;
        }

        if (node is not JsonObject target)
        {
            throw new ProblemException($"'--set {assignment}' does not lead to an object member.");
        }

        target[path[^1]] = value;
    }

    private static JsonNode? Parse(string text, Type? type)
    {
        try
        {
            var value = JsonNode.Parse(text);
            return type == typeof(string) && value is not null && value.GetValueKind() != JsonValueKind.String ? JsonValue.Create(text) : value;
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
