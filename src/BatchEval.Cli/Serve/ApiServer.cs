using System.Net;
using BatchEval.Http;
using BatchEval.Http.Control;
using BatchEval.Http.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BatchEval.Cli.Serve;

/// <summary>Serves the HTTP interface and its pages.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private static readonly string[] LoopbackNames = ["localhost", "127.0.0.1", "[::1]"];
    private readonly WebApplication application;

    /// <param name="port">Port; 0 takes a free one.</param>
    public ApiServer(RunApiContext context, IPAddress address, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddBatchEvalHttp();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            // The interface counts by itself and says how much is allowed.
            options.Limits.MaxRequestBodySize = null;
            options.Listen(address, port, ConnectionRefusals.Explain);
        });
        application = builder.Build();
        application.UseBatchEvalHttp(http => Stranger(http.Request, IPAddress.IsLoopback(address)) is { } reason
            ? throw Refusal.Forbidden(reason).Exception()
            : ValueTask.FromResult<RunApiContext?>(context));
    }

    /// <summary>Begins to listen.</summary>
    public async Task<Uri> StartAsync(CancellationToken cancellation)
    {
        await application.StartAsync(cancellation);
        var addresses = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        return new Uri(addresses!.Addresses.First());
    }

    public ValueTask DisposeAsync() => application.DisposeAsync();

    // There is no sign-in here, so pages of other sites must not reach the server through the user's browser.
    private static string? Stranger(HttpRequest request, bool loopback)
    {
        if (loopback && !LoopbackNames.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase))
        {
            return "This server answers requests to the loopback names only.";
        }

        var origin = request.Headers.Origin.ToString();
        var foreign = origin.Length > 0 && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
        return foreign && !HttpMethods.IsGet(request.Method) ? "Requests of other sites' pages are not answered." : null;
    }
}
