using System.Diagnostics;
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
        var port = FreePort();
        var info = new ProcessStartInfo("node", [Path.Combine(RepoPaths.Root, "tests", "BatchEval.Cli.Tests", "Pages", "pages.mjs")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["CHROMIUM"] = BrowserFactAttribute.Browser;
        info.Environment["SERVER"] = typeof(ServeCommand).Assembly.Location;
        info.Environment["NODE_MODULES"] = RepoPaths.NodeModules;
        info.Environment["BATCHEVAL_STORE"] = azurite.ConnectionString;
        info.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(info)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(12));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        process.ExitCode.ShouldBe(0, await said + await errors);
        (await said).TrimEnd().ShouldEndWith("done");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
