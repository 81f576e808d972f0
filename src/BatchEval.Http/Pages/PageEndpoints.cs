using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace BatchEval.Http.Pages;

/// <summary>The pages for people: one document, and the files it is made of, whose names hold their digests.</summary>
internal static class PageEndpoints
{
    // Nothing but the server itself may be reached, and no other page may hold this one. Charts set styles on their elements.
    private const string Policy = "default-src 'none'; connect-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Unchanging = "public, max-age=31536000, immutable";

    private static readonly (string Encoding, string Extension)[] Packed = [("br", ".br"), ("gzip", ".gz")];
    private static readonly Dictionary<string, byte[]> Files = ReadAll();

    public static void MapPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", Document).ExcludeFromDescription();
        routes.MapGet("/assets/{file}", Asset).ExcludeFromDescription();
    }

    private static FileContentHttpResult Document(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.CacheControl = "no-cache";
        response.Headers["Referrer-Policy"] = "no-referrer";
        return Revalidation.Content(Files["index.html"], "text/html; charset=utf-8");
    }

    private static FileContentHttpResult Asset(string file, HttpContext http)
    {
        var type = Path.GetExtension(file) switch { ".js" => "text/javascript; charset=utf-8", ".css" => "text/css; charset=utf-8", ".txt" => "text/plain; charset=utf-8", _ => null };
        if (type is null || !Files.TryGetValue(file, out var content))
        {
            throw Refusal.NotFound("There is no such file.").Exception();
        }

        http.Response.Headers.CacheControl = file.Contains('-', StringComparison.Ordinal) ? Unchanging : "no-cache";
        var plain = Revalidation.Content(content, type);
        // A part of a file is a part of its plain form.
        if (http.Request.Headers.Range.Count == 0 && Array.Find(Packed, p => Accepts(http.Request, p.Encoding)) is { Extension: not null } packed)
        {
            http.Response.Headers.ContentEncoding = packed.Encoding;
            http.Response.Headers.Vary = "Accept-Encoding";
            return TypedResults.Bytes(Files[file + packed.Extension], type, entityTag: plain.EntityTag);
        }

        return plain;
    }

    // With a weight of 0 a client says which it does not take.
    private static bool Accepts(HttpRequest request, string encoding) =>
        request.GetTypedHeaders().AcceptEncoding.Any(e => e.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && e.Quality != 0);

    private static Dictionary<string, byte[]> ReadAll()
    {
        const string prefix = "pages/";
        var assembly = typeof(PageEndpoints).Assembly;
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var source = assembly.GetManifestResourceStream(name)!;
            using var content = new MemoryStream();
            source.CopyTo(content);
            files[name[prefix.Length..]] = content.ToArray();
        }

        return files;
    }
}
