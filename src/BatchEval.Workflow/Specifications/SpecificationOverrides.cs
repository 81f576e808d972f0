using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Core.Json;

namespace BatchEval.Workflow.Specifications;

/// <summary>Changes a specification's JSON by assignments such as <c>search.generations=3</c> before it is read.</summary>
public static class SpecificationOverrides
{
    /// <summary>Applies assignments in order. A value is JSON if it parses as JSON, and a string otherwise.</summary>
    /// <exception cref="ProblemException">The text is not a JSON object, or an assignment is malformed.</exception>
    public static string Apply(string json, IEnumerable<string> assignments)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException error)
        {
            throw new ProblemException($"The run specification is not valid JSON: {error.Message}");
        }

        foreach (var assignment in assignments)
        {
            var split = assignment.IndexOf('=', StringComparison.Ordinal);
            if (split < 1)
            {
                throw new ProblemException($"'--set {assignment}' is not of the form path=value, for example search.generations=3.");
            }

            Assign(root, assignment[..split].Split('.'), Parse(assignment[(split + 1)..]), assignment);
        }

        return root?.ToJsonString() ?? "null";
    }

    private static void Assign(JsonNode? root, string[] path, JsonNode? value, string assignment)
    {
        var node = root;
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

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
