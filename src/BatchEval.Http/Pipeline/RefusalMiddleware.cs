using System.Text.RegularExpressions;
using BatchEval.Workflow.Storage;
using Microsoft.AspNetCore.WebUtilities;

namespace BatchEval.Http.Pipeline;

/// <summary>Turns whatever ends a request before its time, and every answer that says only its status, into a problem document.</summary>
/// <param name="next">The rest of the pipeline.</param>
internal sealed partial class RefusalMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext http)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            await next(http);
        }
        catch (Exception error) when (!http.Response.HasStarted)
        {
            if (http.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException)
            {
                return;
            }

            var context = http.Features.Get<RunApiContext>();
            var refusal = Explain(error, context);
            if (refusal.Status is 500 or 503)
            {
                // A storage that refuses is no fault of this program, whose place in it nobody needs to know; where callers get fewer words, the log has all.
                context?.Failed?.Invoke(refusal.Status == 503 && context.Trouble is not null ? refusal.Exception() : error);
            }

            http.Response.Clear();
            http.Response.Headers.XContentTypeOptions = "nosniff";
            await refusal.SendAsync(http);
            return;
        }

        var response = http.Response;
        if (!response.HasStarted && response.StatusCode >= 400 && (string.IsNullOrEmpty(response.ContentType) || response.StatusCode == StatusCodes.Status416RangeNotSatisfiable))
        {
            // What answers GET answers HEAD.
            if (response.Headers.Allow.ToString() is { Length: > 0 } allowed)
            {
                response.Headers.Allow = allowed.Replace("GET", "GET, HEAD", StringComparison.Ordinal);
            }

            await Explain(http.Request.Method, response).SendAsync(http);
        }
    }

    private static Refusal Explain(Exception error, RunApiContext? context) => error switch
    {
        RefusedException refused => refused.Refusal,
        ProblemException problem => Refusal.Of(problem),
        PagesOnlyException => Refusals.PagesOnly,
        BadHttpRequestException { StatusCode: 408 } => new Refusal(408, "Request timeout", "The body of the request did not arrive in time."),
        BadHttpRequestException { StatusCode: 413 } => Refusals.TooLarge,
        BadHttpRequestException bad when Parameter().Match(bad.Message) is { Success: true } named => Refusal.BadRequest(named.Groups["name"].Value, $"is '{named.Groups["text"].Value}'; allowed: a whole number."),
        BadHttpRequestException bad => new Refusal(bad.StatusCode, "The request cannot be used", $"The request does not keep to HTTP: {bad.Message}"),
        _ when StorageFaults.IsRefusal(error) => Refusal.StorageForbids(context is { Trouble: not null } ? context.Store.ReasonOf(error) : "The storage refuses the token, the key or the identity of the server; its log says more."),
        _ when StorageFaults.MayPass(error) => Refusal.Unavailable(context?.Trouble?.Invoke()),
        _ => new Refusal(500, "Unexpected failure", "The request failed for a reason that is not its own; the log says more."),
    };

    // As ASP.NET Core words it; all parameters of a query that are not text are whole numbers.
    [GeneratedRegex("""^Failed to bind parameter "\S*[Ii]nt\S* (?<name>\w+)" from "(?<text>.*)".$""")]
    private static partial Regex Parameter();

    private static Refusal Explain(string method, HttpResponse response) => response.StatusCode switch
    {
        404 => Refusal.NotFound("There is no such route; see /api/openapi.json."),
        405 => new Refusal(405, "Method not allowed", $"{method} is not possible here; allowed: {response.Headers.Allow}."),
        416 => new Refusal(416, "Range not satisfiable", "The range lies outside the content."),
        var status => new Refusal(status, ReasonPhrases.GetReasonPhrase(status), "The request cannot be answered."),
    };
}

/// <summary>Refusals that are given in more than one place.</summary>
internal static class Refusals
{
    /// <summary>The request came to an address that has no store.</summary>
    public static Refusal PagesOnly { get; } = new(401, "Unauthorized", "This address gives out pages only.");

    /// <summary>The body is too large.</summary>
    public static Refusal TooLarge { get; } = new(413, "Content too large", $"A run specification has at most {RunApiContext.BodyLimit} bytes.");
}
