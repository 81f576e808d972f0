using BatchEval.Core.Json;
using BatchEval.Durable.Control;
using BatchEval.Http;
using BatchEval.Http.Control;
using BatchEval.Http.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace BatchEval.Functions.Http;

/// <summary>The endpoints of the HTTP interface behind the triggers.</summary>
public sealed partial class EndpointPipeline
{
    private readonly WorkerServices services;
    private readonly ILogger<EndpointPipeline> log;
    private readonly RequestDelegate pipeline;

    /// <summary>Builds the pipeline, once for the process.</summary>
    public EndpointPipeline(IServiceProvider provider, WorkerServices services, ILogger<EndpointPipeline> log)
    {
        (this.services, this.log) = (services, log);
        var application = new ApplicationBuilder(provider);
        application.UseBatchEvalHttp(OpenAsync);
        pipeline = application.Build();
    }

    /// <summary>Answers a request.</summary>
    /// <param name="http">The request, which the host has routed to a trigger.</param>
    /// <param name="client">The Durable client, or null where only pages may be asked for.</param>
    public Task AnswerAsync(HttpContext http, DurableTaskClient? client)
    {
        // The trigger's own route; the endpoints have theirs.
        http.SetEndpoint(null);
        http.Request.RouteValues.Clear();
        http.Features.Set(client);
        return pipeline(http);
    }

    private async ValueTask<RunApiContext?> OpenAsync(HttpContext http)
    {
        if (http.Features.Get<DurableTaskClient>() is not { } client)
        {
            return null;
        }

        try
        {
            var store = await services.StoreAsync(http.RequestAborted);
            var control = new DurableRunControl(
                client, store, services.Settings.UnitsInFlight, services.Time, management: instance => ManagementLinks.From(client.CreateHttpManagementPayload(instance)));
            return new RunApiContext(store, services.Models, services.Catalog, control, services.Time, services.Settings.UnitsInFlight, services.Settings.Price, Failed);
        }
        catch (ProblemException error)
        {
            // Only the store itself can refuse here; its words may name the account, so callers get fewer.
            Failed(error);
            throw Refusal.Unavailable().Exception();
        }
    }

    private void Failed(Exception error) => LogFailure(log, error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed unexpectedly.")]
    private static partial void LogFailure(ILogger logger, Exception error);
}
