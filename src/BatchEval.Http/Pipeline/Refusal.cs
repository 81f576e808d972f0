using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Primitives;

namespace BatchEval.Http.Pipeline;

/// <summary>A refusal as RFC 9457 asks for it.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Title">What is wrong, the same words for every occurrence.</param>
/// <param name="Detail">What is wrong this time.</param>
public sealed record Refusal(int Status, string Title, string Detail)
{
    /// <summary>Media type of refusals.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>What is wrong with which field.</summary>
    public IReadOnlyCollection<Problem> Problems { get; init; } = [];

    /// <summary>Further headers of the answer.</summary>
    public IReadOnlyDictionary<string, StringValues> Headers { get; init; } = new Dictionary<string, StringValues>();

    /// <summary>There is nothing under that name; also the answer to names that cannot exist.</summary>
    public static Refusal NotFound(string what) => new(404, "Not found", what);

    /// <summary>What is asked does not go with the state of the run.</summary>
    public static Refusal Conflict(string what) => new(409, "Not possible in this state", what);

    /// <summary>A parameter cannot be used.</summary>
    public static Refusal BadRequest(string field, string message) =>
        new(400, "The request cannot be used", $"{field} {message}") { Problems = [new Problem(field, message)] };

    /// <summary>An input cannot be used.</summary>
    internal static Refusal Of(ProblemException error) =>
        new(400, "The request cannot be used", error.Subject.Length == 0 ? error.Problems[0].Message : $"{error.Subject} cannot be used; see errors.") { Problems = [.. error.Problems] };

    /// <summary>The caller is turned away.</summary>
    public static Refusal Forbidden(string why) => new(403, "Forbidden", why);

    /// <summary>The storage does not answer.</summary>
    /// <param name="trouble">What it refuses, or null.</param>
    public static Refusal Unavailable(string? trouble = null) =>
        new(503, "The storage does not answer", trouble is null ? "The storage does not answer at the moment; try again." : $"The storage refuses {trouble}. It is asked again; try again.") { Headers = new Dictionary<string, StringValues> { ["Retry-After"] = "5" } };

    /// <summary>The storage refuses the right that the server has: a fault of its set-up, which asking again does not mend.</summary>
    public static Refusal StorageForbids(string why) => new(503, "The storage refuses the server", why);

    /// <summary>Ends the handling of a request with this refusal.</summary>
    public RefusedException Exception() => new(this);

    /// <summary>Its body.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(Document(), JsonSerializerOptions.Web);

    /// <summary>Sends it.</summary>
    internal Task SendAsync(HttpContext http)
    {
        foreach (var (name, value) in Headers)
        {
            http.Response.Headers[name] = value;
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = null;
        return TypedResults.Problem(Document()).ExecuteAsync(http);
    }

    private ProblemDetails Document()
    {
        var document = new ProblemDetails { Type = "about:blank", Title = Title, Status = Status, Detail = Detail };
        FieldProblem[] errors = [.. Problems.GroupBy(p => p.Path, StringComparer.Ordinal)
            .Select(g => new FieldProblem(g.Key, Pointer(g.Key), string.Join(' ', g.Select(p => p.Message).Distinct())))];
        if (errors.Length > 0)
        {
            document.Extensions["errors"] = errors;
        }

        return document;
    }

    /// <summary>A JSON pointer (RFC 6901, as a fragment) for a path such as <c>search.rungs[1]</c>.</summary>
    private static string Pointer(string path)
    {
        var parts = path.Replace("[", ".", StringComparison.Ordinal).Replace("]", string.Empty, StringComparison.Ordinal).Split('.', StringSplitOptions.RemoveEmptyEntries);
        return "#" + string.Concat(parts.Select(p => "/" + Uri.EscapeDataString(p.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal))));
    }
}

/// <summary>What is wrong with one field of a request.</summary>
/// <param name="Field">The field, for example <c>search.rungs[1]</c>.</param>
/// <param name="Pointer">The same as a JSON pointer.</param>
/// <param name="Detail">What is wrong with it.</param>
public sealed record FieldProblem(string Field, string Pointer, string Detail);

/// <summary>The body of every refusal.</summary>
/// <param name="Type">Always <c>about:blank</c>.</param>
/// <param name="Title">What is wrong, the same words for every occurrence.</param>
/// <param name="Status">Status code.</param>
/// <param name="Detail">What is wrong this time.</param>
/// <param name="Errors">What is wrong with which field, if that is known.</param>
public sealed record ProblemDocument(string Type, string Title, int Status, string Detail, IReadOnlyList<FieldProblem>? Errors);

/// <summary>Ends the handling of a request with a refusal.</summary>
/// <param name="refusal">The refusal.</param>
public sealed class RefusedException(Refusal refusal) : Exception(string.Create(CultureInfo.InvariantCulture, $"{refusal.Status}: {refusal.Detail}"))
{
    /// <summary>The refusal.</summary>
    public Refusal Refusal => refusal;
}
