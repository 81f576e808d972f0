using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using BatchEval.Core.Json;

namespace BatchEval.Cli.Storage;

/// <summary>
/// Azurite on a port of its own, with its data in a folder that survives. Several processes share one; it ends with the last of them,
/// also when that is killed.
/// </summary>
internal sealed class LocalAzurite : IAsyncDisposable
{
    // The emulator's published account, the same on every machine; not a secret.
    private const string Account = "devstoreaccount1";
    private const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(12);
    private readonly AzuriteRecord record;
    private readonly TcpClient connection;

    private LocalAzurite(AzuriteRecord record, TcpClient connection) => (this.record, this.connection) = (record, connection);

    /// <summary>How to reach it.</summary>
    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={AccountKey};BlobEndpoint=http://127.0.0.1:{record.Port}/{Account};";

    /// <summary>Enters the folder's Azurite, starting it if none runs.</summary>
    /// <param name="script">Azurite's <c>main.js</c> of the blob service.</param>
    /// <param name="folder">Data folder.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ProblemException">It cannot be started.</exception>
    public static async Task<LocalAzurite> EnterAsync(string script, string folder, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        await using var turn = await TakeTurnAsync(folder, cancellation);
        if (AzuriteRecord.Read(folder) is { } running)
        {
            if (await running.EnterAsync(cancellation) is { } connection)
            {
                return new LocalAzurite(running, connection);
            }

            await WaitForEndAsync(running, folder, cancellation);
            File.Delete(AzuriteRecord.PathIn(folder));
        }

        return await StartAsync(script, folder, cancellation);
    }

    /// <summary>Leaves; when nobody else is there, waits until everything is saved.</summary>
    public async ValueTask DisposeAsync()
    {
        using (connection)
        {
            try
            {
                using var answer = new StreamReader(connection.GetStream());
                connection.Client.Shutdown(SocketShutdown.Send);
                if (await answer.ReadToEndAsync().WaitAsync(CloseTimeout) == "closing")
                {
                    await WaitForEndAsync(record, folder: null, CancellationToken.None);
                }
            }
            catch (Exception error) when (error is SocketException or IOException or TimeoutException or InvalidOperationException)
            {
                // It has ended already.
            }
        }
    }

    private static async Task<FileStream> TakeTurnAsync(string folder, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, "start.lock");
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (clock.Elapsed < StartTimeout + CloseTimeout)
            {
                await Task.Delay(50, cancellation);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new ProblemException($"The folder '{folder}' of the local storage cannot be used: {error.Message}");
            }
        }
    }

    private static async Task WaitForEndAsync(AzuriteRecord running, string? folder, CancellationToken cancellation)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < CloseTimeout && running.IsAlive();)
        {
            if (folder is not null && AzuriteRecord.Read(folder)?.Key != running.Key)
            {
                return;
            }

            await Task.Delay(20, cancellation);
        }
    }

    private static async Task<LocalAzurite> StartAsync(string script, string folder, CancellationToken cancellation)
    {
        var key = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
        var journal = Path.Combine(folder, "azurite.log");
        File.Delete(journal);
        using var process = Launch(script, folder, key);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < StartTimeout && !process.HasExited;)
        {
            if (AzuriteRecord.Read(folder) is { } record && record.Key == key && await record.EnterAsync(cancellation) is { } connection)
            {
                return new LocalAzurite(record, connection);
            }

            await Task.Delay(20, cancellation);
        }

        var reason = File.Exists(journal) ? File.ReadLines(journal).LastOrDefault(l => l.Length > 0) : null;
        throw new ProblemException($"The local storage (Azurite) could not be started in '{folder}': {reason ?? "it did not answer"}.");
    }

    private static Process Launch(string script, string folder, string key)
    {
        using var source = new StreamReader(typeof(LocalAzurite).Assembly.GetManifestResourceStream("azurite-host.js")!);
        string[] node = ["node", "-e", source.ReadToEnd(), script, folder, key];
        // In a session of its own it outlives a killed process group for as long as it takes to save.
        string[] command = OperatingSystem.IsLinux() && File.Exists("/usr/bin/setsid") ? ["/usr/bin/setsid", .. node] : node;
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder,
        };
        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new ProblemException($"The local storage (Azurite) needs node, which could not be started: {error.Message}. Install Node.js, or name a storage with --store.");
        }
    }
}
