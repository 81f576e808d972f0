using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Storage;

/// <summary>An open store, and the local Azurite behind it if we had to start one.</summary>
internal sealed class StoreAccess(RunStore store, string connection, LocalAzurite? azurite, StorageWatch watch, Shell shell) : IAsyncDisposable
{
    private const string Development = "UseDevelopmentStorage=true";
    private static readonly Uri DevelopmentBlobs = new("http://127.0.0.1:10000/devstoreaccount1?comp=list");

    public RunStore Store => store;

    /// <summary>What the storage refuses at the moment, or null.</summary>
    public string? Trouble => watch.Trouble;

    /// <summary>Calls something each time that the local storage has been started again: what it had not saved when it died is gone.</summary>
    public void OnRestart(Func<CancellationToken, Task> restarted)
    {
        if (azurite is not null)
        {
            var before = azurite.Restarted;
            azurite.Restarted = async cancellation =>
            {
                await (before?.Invoke(cancellation) ?? Task.CompletedTask);
                await restarted(cancellation);
            };
        }
    }

    /// <summary>Fails when the local storage has died and cannot be started again.</summary>
    public Task Failure => azurite?.Ended ?? Task.Delay(Timeout.InfiniteTimeSpan, shell.Time);

    /// <summary>The connection string that really reaches the store; holds secrets.</summary>
    public string Connection => connection;

    /// <summary>Opens the store that an option or the environment names.</summary>
    /// <param name="option">The value of <c>--store</c>, or null.</param>
    /// <exception cref="ProblemException">The storage cannot be reached.</exception>
    public static async Task<StoreAccess> OpenAsync(string? option, Shell shell, CancellationToken cancellation)
    {
        string?[] named = [option, shell.Variable("BATCHEVAL_STORE"), shell.Variable("AzureWebJobsStorage"), Development];
        var connection = named.First(c => !string.IsNullOrWhiteSpace(c))!;
        var azurite = IsDevelopment(connection) && !await AnswersAsync(cancellation) ? await StartAsync(shell, cancellation) : null;
        try
        {
            connection = azurite?.ConnectionString ?? connection;
            var watch = new StorageWatch(shell.Error.WriteLine, shell.Time, azurite is null ? null : () => DiskSpace.Of(azurite.Folder));
            var store = await RunStore.OpenAsync(connection, watch, azurite?.Folder, cancellation);
            if (azurite is not null)
            {
                azurite.Restarted = again => RunStore.OpenAsync(connection, again);
            }

            return new StoreAccess(store, connection, azurite, watch, shell);
        }
        catch
        {
            await (azurite?.DisposeAsync() ?? default);
            throw;
        }
    }

    /// <summary>
    /// Does work that can be begun again. When the local storage dies meanwhile and has been started again, what it had not yet saved is gone; so the work begins again
    /// from what is there.
    /// </summary>
    /// <exception cref="ProblemException">The local storage cannot be started again.</exception>
    public async Task<T> ResumingAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        while (true)
        {
            var lost = azurite?.Lost ?? CancellationToken.None;
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lost);
            try
            {
                return await work(both.Token);
            }
#pragma warning disable CA1031 // Whatever the work says, its storage was gone.
            catch (Exception) when (lost.IsCancellationRequested && !cancellation.IsCancellationRequested)
#pragma warning restore CA1031
            {
                shell.Error.WriteLine("The local storage (Azurite) has ended; it is started again, and the run goes on from what is stored.");
                await azurite!.Running.WaitAsync(cancellation);
            }
        }
    }

    public ValueTask DisposeAsync() => azurite?.DisposeAsync() ?? default;

    private static bool IsDevelopment(string connection) =>
        connection.Split(';', StringSplitOptions.TrimEntries).Any(part => part.Replace(" ", string.Empty, StringComparison.Ordinal).Equals(Development, StringComparison.OrdinalIgnoreCase));

    private static async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            using var answer = await http.GetAsync(DevelopmentBlobs, cancellation);
            return true;
        }
        catch (Exception error) when (error is HttpRequestException || (error is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private static Task<LocalAzurite> StartAsync(Shell shell, CancellationToken cancellation)
    {
        var (script, root) = FindAzurite() ?? throw new ProblemException(
            "Nothing answers at the development storage (127.0.0.1:10000), and Azurite is not installed beside this program. Run eng/restore.sh, start Azurite, or name a storage with --store.");
        var folder = shell.Variable("BATCHEVAL_DATA") is { Length: > 0 } data ? shell.PathOf(data) : Path.Combine(root, ".azurite");
        return LocalAzurite.EnterAsync(script, folder, cancellation);
    }

    private static (string Script, string Root)? FindAzurite()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var script = Path.Combine(folder.FullName, "artifacts", "node", "node_modules", "azurite", "dist", "src", "blob", "main.js");
            if (File.Exists(script))
            {
                return (script, folder.FullName);
            }
        }

        return null;
    }
}
