using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace BatchEval.Http.Pipeline;

/// <summary>Gives the JSON answers of a group what its files have too: an entity tag from the content, If-None-Match and ranges.</summary>
internal sealed class Revalidation : IEndpointFilter
{
    /// <summary>Media type of JSON documents.</summary>
    public const string Json = "application/json; charset=utf-8";

    /// <summary>Content that may be asked for again under conditions and in parts.</summary>
    public static FileContentHttpResult Content(byte[] content, string type)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12));
        return TypedResults.Bytes(content, type, enableRangeProcessing: true, entityTag: new EntityTagHeaderValue($"\"{digest}\""));
    }

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        // To be kept, but asked for again each time.
        http.Response.Headers.CacheControl = "private, no-cache";
        var result = await next(context);
        if (result is not IValueHttpResult { Value: { } value } || result is IStatusCodeHttpResult { StatusCode: not StatusCodes.Status200OK })
        {
            return result;
        }

        var options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        return Content(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), options), Json);
    }
}
