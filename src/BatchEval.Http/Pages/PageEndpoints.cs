using BatchEval.Http.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace BatchEval.Http.Pages;

/// <summary>The pages for people.</summary>
internal static class PageEndpoints
{
    // Nothing but the server itself may be reached, and no other page may hold this one.
    private const string Policy = "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly byte[] Page = Read("start-page.html");

    public static void MapPages(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/", Start).ExcludeFromDescription();

    private static FileContentHttpResult Start(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.CacheControl = "no-cache";
        return Revalidation.Content(Page, "text/html; charset=utf-8");
    }

    private static byte[] Read(string name)
    {
        using var source = typeof(PageEndpoints).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        source.CopyTo(content);
        return content.ToArray();
    }
}
