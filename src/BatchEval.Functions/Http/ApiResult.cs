using BatchEval.Workflow.Http;
using Microsoft.AspNetCore.Mvc;

namespace BatchEval.Functions.Http;

/// <summary>Sends an answer of the HTTP interface through ASP.NET Core.</summary>
/// <param name="response">The answer.</param>
public sealed class ApiResult(ApiResponse response) : IActionResult
{
    /// <summary>The answer.</summary>
    public ApiResponse Response => response;

    /// <inheritdoc/>
    public async Task ExecuteResultAsync(ActionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var target = context.HttpContext.Response;
        target.StatusCode = response.Status;
        foreach (var (name, value) in response.Headers)
        {
            target.Headers[name] = value;
        }

        if (response.ContentType is not null)
        {
            target.ContentType = response.ContentType;
            target.ContentLength = response.Body.Length;
            await target.Body.WriteAsync(response.Body, context.HttpContext.RequestAborted);
        }
    }
}
