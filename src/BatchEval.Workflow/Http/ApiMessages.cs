using System.Text;
using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Http;

/// <summary>An HTTP request, whatever server received it.</summary>
/// <param name="Method">Method in upper case.</param>
/// <param name="Path">Path as sent, percent-encoded, beginning with <c>/api</c>.</param>
/// <param name="Query">First value of each query parameter.</param>
/// <param name="Header">Value of a header, or null.</param>
/// <param name="Body">The body.</param>
public sealed record ApiRequest(string Method, string Path, IReadOnlyDictionary<string, string> Query, Func<string, string?> Header, Stream Body);

/// <summary>An HTTP answer, whatever server sends it.</summary>
/// <param name="Status">Status code.</param>
/// <param name="ContentType">Media type, or null without a body.</param>
/// <param name="Body">The body.</param>
public sealed record ApiResponse(int Status, string? ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>Media type of JSON documents.</summary>
    public const string JsonType = "application/json; charset=utf-8";

    /// <summary>Media type of refusals.</summary>
    public const string ProblemType = "application/problem+json; charset=utf-8";

    /// <summary>Further headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>A JSON answer.</summary>
    public static ApiResponse Json(JsonNode document, int status = 200)
    {
        ArgumentNullException.ThrowIfNull(document);
        return new(status, JsonType, Encoding.UTF8.GetBytes(document.ToJsonString(WorkflowJson.Options)));
    }

    /// <summary>A file of a run.</summary>
    public static ApiResponse File(string contentType, byte[] content) => new(200, contentType, content);

    /// <summary>A refusal as RFC 9457 asks for it.</summary>
    /// <param name="status">Status code.</param>
    /// <param name="title">What is wrong, the same words for every occurrence.</param>
    /// <param name="detail">What is wrong this time.</param>
    /// <param name="problems">What is wrong with which field; merged into one entry per field.</param>
    public static ApiResponse Problem(int status, string title, string detail, IEnumerable<Problem>? problems = null)
    {
        var document = new JsonObject { ["type"] = "about:blank", ["title"] = title, ["status"] = status, ["detail"] = detail };
        var entries = (problems ?? []).GroupBy(p => p.Path, StringComparer.Ordinal).Select(g => (JsonNode)new JsonObject
        {
            ["field"] = g.Key,
            ["pointer"] = Pointer(g.Key),
            ["detail"] = string.Join(' ', g.Select(p => p.Message).Distinct()),
        }).ToArray();
        if (entries.Length > 0)
        {
            document["errors"] = new JsonArray(entries);
        }

        return Json(document, status) with { ContentType = ProblemType };
    }

    /// <summary>A JSON pointer (RFC 6901, as a fragment) for a path such as <c>search.rungs[1]</c>.</summary>
    private static string Pointer(string path)
    {
        var parts = path.Replace("[", ".", StringComparison.Ordinal).Replace("]", string.Empty, StringComparison.Ordinal).Split('.', StringSplitOptions.RemoveEmptyEntries);
        return "#" + string.Concat(parts.Select(p => "/" + Uri.EscapeDataString(p.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal))));
    }
}

/// <summary>Ends the handling of a request with a refusal.</summary>
/// <param name="response">The refusal.</param>
internal sealed class RefusedException(ApiResponse response) : Exception
{
    /// <summary>The refusal.</summary>
    public ApiResponse Response => response;

    /// <summary>There is nothing under that name; also the answer to names that cannot exist.</summary>
    public static RefusedException NotFound(string what) => new(ApiResponse.Problem(404, "Not found", what));

    /// <summary>What is asked does not go with the state of the run.</summary>
    public static RefusedException Conflict(string what) => new(ApiResponse.Problem(409, "Not possible in this state", what));

    /// <summary>A parameter cannot be used.</summary>
    public static RefusedException BadRequest(string field, string message) =>
        new(ApiResponse.Problem(400, "The request cannot be used", $"{field} {message}", [new Problem(field, message)]));
}
