using System.Text;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace BatchEval.Http.Pipeline;

/// <summary>Reads JSON that comes as the body of a request.</summary>
internal static class RequestBody
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Refuses what is not sent as JSON in UTF-8, uncompressed (RFC 8259, section 8.1; RFC 9110, section 15.5.16).</summary>
    private static void RequireJson(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported("A run specification is sent as Content-Type: application/json.");
        }

        var charset = HeaderUtilities.RemoveQuotes(type.Charset);
        if (charset.HasValue && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported($"JSON is sent in UTF-8, not in '{charset}'.");
        }

        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported($"The body is sent as it is, not with Content-Encoding: {encoding}.", ("Accept-Encoding", "identity"));
        }
    }

    /// <summary>Reads a body that is JSON by its headers.</summary>
    public static Task<byte[]> ReadJsonAsync(HttpRequest request, int limit, CancellationToken cancellation)
    {
        RequireJson(request);
        return ReadAsync(request.Body, limit, cancellation);
    }

    /// <summary>Reads a body to its end.</summary>
    /// <exception cref="RefusedException">It has more bytes than allowed.</exception>
    private static async Task<byte[]> ReadAsync(Stream body, int limit, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int count; (count = await body.ReadAsync(buffer, cancellation)) > 0;)
        {
            content.Write(buffer, 0, count);
            if (content.Length > limit)
            {
                throw Refusals.TooLarge.Exception();
            }
        }

        return content.ToArray();
    }

    /// <summary>The text of a body; a byte order mark is passed over.</summary>
    /// <exception cref="ProblemException">It is not UTF-8.</exception>
    public static string Text(byte[] body)
    {
        try
        {
            return Utf8.GetString(body.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? body.AsSpan(3) : body);
        }
        catch (DecoderFallbackException)
        {
            throw new ProblemException("The body is not UTF-8 text.");
        }
    }

    private static RefusedException Unsupported(string detail, params (string Name, string Value)[] headers) =>
        new Refusal(415, "Unsupported media type", detail) { Headers = headers.ToDictionary(h => h.Name, h => new StringValues(h.Value)) }.Exception();
}
