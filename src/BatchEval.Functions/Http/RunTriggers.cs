using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace BatchEval.Functions.Http;

/// <summary>The HTTP triggers: every request goes to the endpoints that the local server has too.</summary>
public sealed class RunTriggers(EndpointPipeline endpoints)
{
    /// <summary>The interface below <c>/api</c>; needs a function key.</summary>
    [Function("Api")]
    public IActionResult Api([HttpTrigger(AuthorizationLevel.Function, Route = "api/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        new EndpointResult(endpoints, client);

    /// <summary>The pages. They hold no data: the browser asks for that with the key that a person gives it.</summary>
    [Function("Pages")]
    public IActionResult Pages([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "{*path}")] HttpRequest request) =>
        new EndpointResult(endpoints, null);

    /// <summary>Answers through the endpoints once the host asks for the answer.</summary>
    private sealed class EndpointResult(EndpointPipeline endpoints, DurableTaskClient? client) : IActionResult
    {
        public Task ExecuteResultAsync(ActionContext context) => endpoints.AnswerAsync(context.HttpContext, client);
    }
}
