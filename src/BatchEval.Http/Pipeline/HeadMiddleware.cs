using Microsoft.AspNetCore.Http.Features;

namespace BatchEval.Http.Pipeline;

/// <summary>Answers HEAD as GET without the body (RFC 9110, section 9.3.2). A range is for GET only and ignored.</summary>
/// <param name="next">The rest of the pipeline.</param>
internal sealed class HeadMiddleware(RequestDelegate next)
{
    private static readonly object Asked = new();

    /// <summary>Whether only the headers of an answer are wanted, so that one without an end may be left empty.</summary>
    public static bool IsHead(HttpContext http) => http.Items.ContainsKey(Asked);

    public async Task InvokeAsync(HttpContext http)
    {
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await next(http);
            return;
        }

        var body = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var nothing = new StreamResponseBodyFeature(new Discarding(), body);
        http.Request.Method = HttpMethods.Get;
        http.Items[Asked] = true;
        http.Request.Headers.Remove("Range");
        http.Features.Set<IHttpResponseBodyFeature>(nothing);
        try
        {
            await next(http);
        }
        finally
        {
            http.Request.Method = HttpMethods.Head;
            http.Features.Set(body);
        }

        await http.Response.StartAsync(http.RequestAborted);
    }

    /// <summary>Takes what would have been the body.</summary>
    private sealed class Discarding : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.CompletedTask;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;
    }
}
