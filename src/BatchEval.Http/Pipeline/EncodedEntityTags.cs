namespace BatchEval.Http.Pipeline;

/// <summary>
/// Gives the compressed form of a content an entity tag of its own, as strong tags need (RFC 9110, section 8.8.3.3): <c>"x"</c> becomes
/// <c>"x-br"</c>, and comes back as <c>"x"</c> in If-None-Match. Stands outside of compression.
/// </summary>
/// <param name="next">The rest of the pipeline.</param>
internal sealed class EncodedEntityTags(RequestDelegate next)
{
    private static readonly string[] Encodings = ["br", "gzip"];

    public Task InvokeAsync(HttpContext http)
    {
        var asked = http.Request.Headers.IfNoneMatch.ToString();
        var encoding = Encodings.FirstOrDefault(e => asked.Contains($"-{e}\"", StringComparison.Ordinal));
        if (encoding is not null)
        {
            http.Request.Headers.IfNoneMatch = Encodings.Aggregate(asked, (tags, e) => tags.Replace($"-{e}\"", "\"", StringComparison.Ordinal));
        }

        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            var used = http.Response.StatusCode == StatusCodes.Status304NotModified ? encoding : headers.ContentEncoding.ToString();
            if (!string.IsNullOrEmpty(used) && headers.ETag.ToString() is { Length: > 2 } tag)
            {
                headers.ETag = $"{tag[..^1]}-{used}\"";
                headers.AcceptRanges = default;
            }

            return Task.CompletedTask;
        });
        return next(http);
    }
}
