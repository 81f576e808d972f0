using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BatchEval.Tests.Shared;

/// <summary>
/// A blob service of one's own: Azurite from the installed node tools, in memory, on a free port.
/// Share it through <c>IClassFixture</c> or a collection; give each test its own container.
/// </summary>
public class AzuriteFixture : IAsyncLifetime
{
    private const string Account = "devstoreaccount1";

    // The emulator's published key, the same on every machine; not a secret.
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly StringBuilder log = new();
    private Process? process;
    private int port;
    private int queuePort;
    private int tablePort;

    /// <summary>An explicit connection string; never "UseDevelopmentStorage=true", whose port others may hold.</summary>
    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{port}/{Account};"
        + (AllServices ? $"QueueEndpoint=http://127.0.0.1:{queuePort}/{Account};TableEndpoint=http://127.0.0.1:{tablePort}/{Account};" : string.Empty);

    /// <summary>Whether the queue and the table service are there too.</summary>
    protected virtual bool AllServices => false;

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        // Between finding a free port and Azurite taking it somebody else may; then it exits and the next port is tried.
        for (int attempt = 1; ; attempt++)
        {
            (port, queuePort, tablePort) = (FindFreePort(), FindFreePort(), FindFreePort());
            process = Start(port);
            if (await WaitUntilAnsweringAsync(process, port)) return;
            Kill();
            if (attempt == 3) throw new InvalidOperationException($"Azurite did not start:{Environment.NewLine}{Log()}");
        }
    }

    /// <inheritdoc />
    public Task DisposeAsync()
    {
        Kill();
        return Task.CompletedTask;
    }

    private Process Start(int port)
    {
        string script = Path.Combine(RepoPaths.NodeModules, "azurite", "dist", "src", AllServices ? "azurite.js" : Path.Combine("blob", "main.js"));
        if (!File.Exists(script)) throw new FileNotFoundException("Azurite is not installed; run eng/restore.sh.", script);

        // node stops by itself once its standard input closes, that is, when this process dies in whatever way.
        const string guard = "process.stdin.on('end',()=>process.exit(0)).resume();process.argv.splice(1,0,'azurite');require(process.argv[2]);";
        var info = new ProcessStartInfo("node")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        };
        string[] arguments =
        [
            "-e", guard, script,
            "--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--loose",
            "--blobHost", "127.0.0.1", "--blobPort", port.ToString(CultureInfo.InvariantCulture),
        ];
        if (AllServices)
        {
            arguments =
            [
                .. arguments, "--queueHost", "127.0.0.1", "--queuePort", queuePort.ToString(CultureInfo.InvariantCulture),
                "--tableHost", "127.0.0.1", "--tablePort", tablePort.ToString(CultureInfo.InvariantCulture),
            ];
        }

        foreach (string argument in arguments) info.ArgumentList.Add(argument);

        Process process = Process.Start(info) ?? throw new InvalidOperationException("node could not be started.");
        process.OutputDataReceived += (_, e) => Append(e.Data);
        process.ErrorDataReceived += (_, e) => Append(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task<bool> WaitUntilAnsweringAsync(Process process, int port)
    {
        var clock = Stopwatch.StartNew();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        while (clock.Elapsed < StartTimeout && !process.HasExited)
        {
            try
            {
                // Any answer will do; an anonymous request is refused, but by Azurite and not by a stranger.
                using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/{Account}?comp=list"));
                if (answer.Headers.Server.ToString().Contains("Azurite", StringComparison.Ordinal)) return !process.HasExited;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Not listening yet.
            }

            await Task.Delay(50);
        }

        return false;
    }

    private static int FindFreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Kill()
    {
        if (process is null) return;
        try
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit(5000);
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }

        process.Dispose();
        process = null;
    }

    private void Append(string? line)
    {
        lock (log) log.AppendLine(line);
    }

    private string Log()
    {
        lock (log) return log.ToString();
    }
}

/// <summary>The blob, queue and table services of an account, as task hubs need them.</summary>
public sealed class AzuriteAccountFixture : AzuriteFixture
{
    /// <inheritdoc />
    protected override bool AllServices => true;
}
