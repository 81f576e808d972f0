using BatchEval.Http.Description;
using BatchEval.Http.Pages;
using BatchEval.Http.Runs;
using BatchEval.Workflow.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace BatchEval.Http;

/// <summary>The HTTP interface as both shells use it: services, and a pipeline that ends in its endpoints.</summary>
public static class HttpInterface
{
    private static readonly string[] Compressed =
        ["application/json", Refusal.MediaType, "text/html", "text/css", "text/csv", "text/plain", "text/javascript", "image/svg+xml"];

    /// <summary>Adds what the endpoints need.</summary>
    public static IServiceCollection AddBatchEvalHttp(this IServiceCollection services)
    {
        services.AddRouting();
        // A parameter that cannot be read is named by the refusal.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(options => WorkflowJson.Configure(options.SerializerOptions));
        // No answer mixes a secret with text of the caller's, so that compression under TLS gives nothing away.
        services.AddResponseCompression(options => (options.EnableForHttps, options.MimeTypes) = (true, Compressed));
        return services.AddRunDescription();
    }

    /// <summary>Answers requests. Whatever goes wrong becomes a problem document.</summary>
    /// <param name="application">The application.</param>
    /// <param name="open">Gives what a request works with, or null where it may only ask for pages; throws <see cref="RefusedException"/> to turn it away.</param>
    public static IApplicationBuilder UseBatchEvalHttp(this IApplicationBuilder application, Func<HttpContext, ValueTask<RunApiContext?>> open)
    {
        application.UseMiddleware<HeadMiddleware>();
        application.UseMiddleware<RefusalMiddleware>();
        application.Use(async (http, next) =>
        {
            http.Features.Set(await open(http));
            await next(http);
        });
        application.UseMiddleware<EncodedEntityTags>();
        application.UseResponseCompression();
        application.UseRouting();
        return application.UseEndpoints(routes =>
        {
            routes.MapRuns();
            routes.MapPages();
        });
    }
}
