using System.Net;
using BatchEval.Workflow.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BatchEval.Cli.Serve;

/// <summary>Serves the HTTP interface and the start page.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private static readonly string[] LoopbackNames = ["localhost", "127.0.0.1", "[::1]"];
    private readonly WebApplication application;
    private readonly RunApi api;
    private readonly bool loopback;

    /// <summary>Creates a server.</summary>
    /// <param name="context">What the interface works with.</param>
    /// <param name="address">Address to listen on.</param>
    /// <param name="port">Port; 0 takes a free one.</param>
    public ApiServer(RunApiContext context, IPAddress address, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            // The interface counts by itself and answers with a problem document.
            options.Limits.MaxRequestBodySize = null;
            options.Listen(address, port);
        });
        application = builder.Build();
        (api, loopback) = (new RunApi(context), IPAddress.IsLoopback(address));
        application.Run(AnswerAsync);
    }

    /// <summary>Begins to listen.</summary>
    /// <returns>Where.</returns>
    public async Task<Uri> StartAsync(CancellationToken cancellation)
    {
        await application.StartAsync(cancellation);
        var addresses = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        return new Uri(addresses!.Addresses.First());
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => application.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        try
        {
            var response = Refuse(http.Request) ?? (http.Request.Path == "/" && HttpMethods.IsGet(http.Request.Method) ? StartPage.Response : await api.HandleAsync(Translate(http.Request), http.RequestAborted));
            await SendAsync(http, response);
        }
        catch (Exception error) when (http.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException)
        {
            // The caller has gone.
        }
    }

    // There is no sign-in here, so pages of other sites must not reach the server through the user's browser.
    private ApiResponse? Refuse(HttpRequest request)
    {
        if (loopback && !LoopbackNames.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase))
        {
            return ApiResponse.Problem(403, "Forbidden", "This server answers requests to the loopback names only.");
        }

        var origin = request.Headers.Origin.ToString();
        var foreign = origin.Length > 0 && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
        return foreign && !HttpMethods.IsGet(request.Method) ? ApiResponse.Problem(403, "Forbidden", "Requests of other sites' pages are not answered.") : null;
    }

    private static ApiRequest Translate(HttpRequest request) => new(
        request.Method.ToUpperInvariant(),
        request.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()?.RawTarget.Split('?')[0] ?? request.Path.ToUriComponent(),
        request.Query.ToDictionary(q => q.Key, q => q.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        name => request.Headers.TryGetValue(name, out var value) ? value.ToString() : null,
        request.Body);

    private static async Task SendAsync(HttpContext http, ApiResponse response)
    {
        http.Response.StatusCode = response.Status;
        http.Response.Headers.CacheControl = "no-store";
        foreach (var (name, value) in response.Headers)
        {
            http.Response.Headers[name] = value;
        }

        if (response.ContentType is not null)
        {
            http.Response.ContentType = response.ContentType;
            http.Response.ContentLength = response.Body.Length;
            await http.Response.Body.WriteAsync(response.Body, http.RequestAborted);
        }
    }
}
