using System.Diagnostics;
using System.Net.Sockets;

namespace BatchEval.Cli.Storage;

/// <summary>
/// Azurite on a port of its own, with its data in a folder that survives. Several processes share one; it ends with the last of them,
/// also when that is killed. When it dies itself it is started again on the same port.
/// </summary>
internal sealed class LocalAzurite : IAsyncDisposable
{
    // The emulator's published account, the same on every machine; not a secret.
    private const string Account = "devstoreaccount1";
    private const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(12);

    // One that dies as soon as it has been started will do so again.
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(10);
    private const int ShortLives = 3;
    private readonly (string Script, string Folder) place;
    private readonly CancellationTokenSource leaving = new();
    private readonly Task watch;
    private (AzuriteRecord Record, TcpClient Connection) entered;
    private Task<string> farewell = Task.FromResult(string.Empty);
    private TaskCompletionSource started = Completed();
    private CancellationTokenSource lost = new();

    private LocalAzurite(string script, string folder, (AzuriteRecord, TcpClient) entered)
    {
        (place, this.entered) = ((script, folder), entered);
        watch = WatchAsync();
    }

    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={AccountKey};BlobEndpoint=http://127.0.0.1:{entered.Record.Port}/{Account};";

    public string Folder => place.Folder;

    /// <summary>Cancelled when it dies; another token after it has been started again.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Completes when it runs (again).</summary>
    /// <exception cref="ProblemException">It cannot be started again.</exception>
    public Task Running => started.Task;

    /// <summary>Called when it has been started again: what it had not saved when it died is gone.</summary>
    public Func<CancellationToken, Task>? Restarted { get; set; }

    /// <summary>Fails when it has died and cannot be started again.</summary>
    public Task Ended => watch;

    /// <summary>Enters the folder's Azurite, starting it if none runs.</summary>
    /// <param name="script">Azurite's <c>main.js</c> of the blob service.</param>
    /// <exception cref="ProblemException">It cannot be started.</exception>
    public static async Task<LocalAzurite> EnterAsync(string script, string folder, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ProblemException($"The folder '{folder}' of the local storage cannot be made: {ErrorText.Of(error)} Name another one with BATCHEVAL_DATA, or a storage with --store.");
        }

        return new LocalAzurite(script, folder, await EnterAsync(script, folder, 0, cancellation));
    }

    /// <summary>Leaves; when nobody else is there, waits until everything is saved.</summary>
    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        try
        {
            await watch.WaitAsync(CloseTimeout);
            if (await farewell == "closing")
            {
                await WaitForEndAsync(entered.Record, folder: null, CancellationToken.None);
            }
        }
        catch (Exception error) when (error is TimeoutException or ProblemException)
        {
            // It has ended already.
        }

        entered.Connection.Dispose();
        if (Unfinished(Folder).Any() && AzuriteRecord.Read(Folder) is null)
        {
            throw new IOException($"The local storage could not save its tables in '{Folder}': {Journal(Folder)} {DiskSpace.Of(Folder)}. What it took in the last seconds is lost; make space, and repeat the command.");
        }
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    // Tables are written beside the old ones, and take their place when that has succeeded.
    private static IEnumerable<string> Unfinished(string folder) => Directory.EnumerateFileSystemEntries(folder, "__azurite_db_*.json~");

    // What it says at the door when it lets us go; nothing when it dies.
    private static async Task<string> FarewellAsync(TcpClient connection)
    {
        try
        {
            using var answer = new StreamReader(connection.GetStream(), leaveOpen: true);
            return await answer.ReadToEndAsync();
        }
        catch (Exception error) when (error is SocketException or IOException or InvalidOperationException)
        {
            return string.Empty;
        }
    }

    private static void Leave(TcpClient connection)
    {
        try
        {
            connection.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    private async Task WatchAsync()
    {
        for (var deaths = 0; ;)
        {
            var clock = Stopwatch.StartNew();
            var connection = entered.Connection;
            farewell = FarewellAsync(connection);
            await using (leaving.Token.Register(() => Leave(connection)))
            {
                await farewell;
            }

            if (leaving.IsCancellationRequested)
            {
                return;
            }

            deaths = clock.Elapsed < ShortLife ? deaths + 1 : 1;
            started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await lost.CancelAsync();
            try
            {
                connection.Dispose();
                entered = deaths > ShortLives ? throw new ProblemException($"The local storage (Azurite) in '{Folder}' has ended {deaths} times; the last lines of its log: {Journal(Folder) ?? "none"}.")
                    : await EnterAsync(place.Script, Folder, entered.Record.Port, leaving.Token);
                await (Restarted?.Invoke(leaving.Token) ?? Task.CompletedTask);
                lost = new CancellationTokenSource();
                started.SetResult();
            }
            catch (OperationCanceledException)
            {
                started.SetCanceled(CancellationToken.None);
                return;
            }
            catch (Exception error) when (error is ProblemException or IOException or UnauthorizedAccessException)
            {
                var problem = error as ProblemException ?? new ProblemException($"The local storage (Azurite) could not be started again in '{Folder}': {ErrorText.Of(error)}. {DiskSpace.Of(Folder)}.");
                started.SetException(problem);
                throw problem;
            }
        }
    }

    private static async Task<(AzuriteRecord, TcpClient)> EnterAsync(string script, string folder, int port, CancellationToken cancellation)
    {
        await using var turn = await TakeTurnAsync(folder, cancellation);
        if (AzuriteRecord.Read(folder) is { } running)
        {
            if (await running.EnterAsync(cancellation) is { } connection)
            {
                return (running, connection);
            }

            await WaitForEndAsync(running, folder, cancellation);
            File.Delete(AzuriteRecord.PathIn(folder));
        }

        return await StartAsync(script, folder, port, cancellation);
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

    private static async Task<(AzuriteRecord, TcpClient)> StartAsync(string script, string folder, int port, CancellationToken cancellation)
    {
        var key = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
        var journal = Path.Combine(folder, "azurite.log");
        File.Delete(journal);
        foreach (var left in Unfinished(folder).ToList())
        {
            File.Delete(left);
        }

        using var process = Launch(script, folder, key, port);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < StartTimeout && !process.HasExited;)
        {
            if (AzuriteRecord.Read(folder) is { } record && record.Key == key && await record.EnterAsync(cancellation) is { } connection)
            {
                return (record, connection);
            }

            await Task.Delay(20, cancellation);
        }

        throw new ProblemException($"The local storage (Azurite) could not be started in '{folder}': {Journal(folder) ?? "it did not answer"}. {DiskSpace.Of(folder)}.");
    }

    private static string? Journal(string folder) =>
        Path.Combine(folder, "azurite.log") is var journal && File.Exists(journal) ? File.ReadLines(journal).LastOrDefault(l => l.Contains("Error", StringComparison.Ordinal)) ?? File.ReadLines(journal).LastOrDefault(l => l.Length > 0) : null;

    private static Process Launch(string script, string folder, string key, int port)
    {
        using var source = new StreamReader(typeof(LocalAzurite).Assembly.GetManifestResourceStream("azurite-host.js")!);
        string[] node = ["node", "-e", source.ReadToEnd(), script, folder, key, port.ToString(CultureInfo.InvariantCulture)];
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
