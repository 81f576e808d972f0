using System.Globalization;
using System.Net;
using System.Net.Sockets;
using BatchEval.Cli.Commands;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Pages;

/// <summary>The pages in a browser, over a server of their own that is killed in between.</summary>
public sealed class PagesTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [BrowserFact]
    public async Task A_run_is_started_watched_paused_resumed_looked_at_and_compared()
    {
        var said = await NodeProgram.RunAsync(
            [Path.Combine(RepoPaths.Root, "tests", "BatchEval.Cli.Tests", "Pages", "pages.mjs")], minutes: 12,
            ("SERVER", typeof(ServeCommand).Assembly.Location), ("BATCHEVAL_STORE", azurite.ConnectionString), ("PORT", FreePort().ToString(CultureInfo.InvariantCulture)));
        said.TrimEnd().ShouldEndWith("done");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
