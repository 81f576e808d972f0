using System.Text;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Storage;

/// <summary>
/// The blob container that holds all runs. What is computed is written once (<c>If-None-Match: *</c>): a second writer of the same name
/// changes nothing and learns that the work is done.
/// </summary>
public sealed class RunStore(BlobContainerClient container) : IBlobs
{
    // Somebody else is faster now and then, never this often: such a refusal has another reason, a lease for example.
    private const int MostChanges = 100;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);
    private static readonly BlobUploadOptions Once = new() { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } };

    /// <summary>Where the store lies, without any secret: its address, or a folder where the address holds only for this process.</summary>
    public string Place { get; init; } = container.Uri.GetLeftPart(UriPartial.Path);

    private Func<Exception, string> reasonOf = ErrorText.Of;

    /// <summary>Why the storage could not be used, in whole sentences: with a token or key that it refuses, what is wrong with that.</summary>
    public string ReasonOf(Exception error) => reasonOf(error);

    /// <summary>Opens a store.</summary>
    /// <param name="connection">A storage connection string, a blob service address for sign-in by identity, or an address with a shared access signature.</param>
    /// <exception cref="ProblemException">The connection is malformed, nothing answers there, or it may not be read.</exception>
    public static Task<RunStore> OpenAsync(string connection, CancellationToken cancellation = default) => OpenAsync(connection, null, null, cancellation);

    /// <summary>Opens a store that is watched.</summary>
    /// <param name="connection">As above.</param>
    /// <param name="watch">Sees every attempt once the store is open, or null.</param>
    /// <param name="place">Where it lies, for people; null for its address.</param>
    /// <exception cref="ProblemException">The connection is malformed, nothing answers there, or it may not be read.</exception>
    public static async Task<RunStore> OpenAsync(string connection, StorageWatch? watch, string? place, CancellationToken cancellation)
    {
        var store = StoreConnection.Parse(connection, watch);
        await store.OpenAsync(cancellation);
        return new RunStore(store.Container) { Place = place ?? store.Place, reasonOf = store.ReasonOf };
    }

    public async Task<bool> ExistsAsync(string name, CancellationToken cancellation = default) =>
        await container.GetBlobClient(name).ExistsAsync(cancellation);

    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellation = default)
    {
        try
        {
            var content = await container.GetBlobClient(name).DownloadContentAsync(cancellation);
            return content.Value.Content.ToArray();
        }
        catch (RequestFailedException error) when (error.Status == 404)
        {
            return null;
        }
    }

    /// <summary>Reads a JSON blob, or null when it does not exist.</summary>
    public async Task<T?> ReadJsonAsync<T>(string name, CancellationToken cancellation = default)
        where T : class =>
        await ReadAsync(name, cancellation) is { } bytes ? JsonSerializer.Deserialize<T>(bytes, WorkflowJson.Options) : null;

    /// <summary>Reads a JSON blob that must exist.</summary>
    /// <exception cref="InvalidOperationException">It does not exist.</exception>
    public async Task<T> RequireJsonAsync<T>(string name, CancellationToken cancellation = default)
        where T : class =>
        await ReadJsonAsync<T>(name, cancellation) ?? throw new InvalidOperationException($"The blob '{name}' is missing from {Place}.");

    public async Task<bool> WriteOnceAsync(string name, byte[] content, CancellationToken cancellation = default)
    {
        try
        {
            var options = new BlobUploadOptions { Conditions = Once.Conditions, HttpHeaders = Headers(name) };
            await container.GetBlobClient(name).UploadAsync(new BinaryData(content), options, cancellation);
            return true;
        }
        catch (RequestFailedException error) when (error.Status is 409 or 412)
        {
            return false;
        }
    }

    /// <summary>Writes a JSON blob unless it exists.</summary>
    public Task<bool> WriteJsonOnceAsync<T>(string name, T value, CancellationToken cancellation = default) =>
        WriteOnceAsync(name, JsonSerializer.SerializeToUtf8Bytes(value, WorkflowJson.Options), cancellation);

    /// <summary>Writes a text blob unless it exists.</summary>
    public Task<bool> WriteTextOnceAsync(string name, string text, CancellationToken cancellation = default) =>
        WriteOnceAsync(name, Encoding.UTF8.GetBytes(text), cancellation);

    /// <summary>Changes a JSON blob that others may change at the same time: reads it, and writes what follows from what was read.</summary>
    /// <param name="change">Makes the new value from the old one, which is null where there is none; null or an equal value writes nothing. May be called again.</param>
    /// <exception cref="RequestFailedException">The storage refuses the change for good.</exception>
    public async Task<T?> ChangeJsonAsync<T>(string name, Func<T?, T?> change, CancellationToken cancellation = default)
        where T : class
    {
        var blob = container.GetBlobClient(name);
        for (var attempt = 1; ; attempt++)
        {
            var (before, tag) = await ReadTaggedAsync<T>(blob, cancellation);
            if (change(before) is not { } after || after.Equals(before))
            {
                return before;
            }

            var conditions = tag is { } seen ? new BlobRequestConditions { IfMatch = seen } : Once.Conditions;
            try
            {
                var content = new BinaryData(JsonSerializer.SerializeToUtf8Bytes(after, WorkflowJson.Options));
                await blob.UploadAsync(content, new BlobUploadOptions { Conditions = conditions, HttpHeaders = Headers(name) }, cancellation);
                return after;
            }
            catch (RequestFailedException error) when (error.Status is 409 or 412 && attempt < MostChanges)
            {
                // It was changed in between, or a repeated request met its own first attempt: what is there now decides.
                await Task.Delay(LongestPause * Random.Shared.NextDouble(), cancellation);
            }
        }
    }

    /// <summary>Claims a piece of work for this process.</summary>
    public Task<(Claim? Claim, ClaimHolder? Other)> TryClaimAsync(string work, string run, CancellationToken cancellation = default) =>
        Claim.TryTakeAsync(container.GetBlobClient(BlobNames.Claim(work)), ClaimHolder.Here(run), cancellation);

    /// <summary>Notes that this process takes part in a run until the claim is given back; null where that cannot be noted, which nothing depends on.</summary>
    public async Task<Claim?> TakePartAsync(string run, CancellationToken cancellation = default)
    {
        var here = ClaimHolder.Here(run);
        try
        {
            return (await Claim.TryTakeAsync(container.GetBlobClient(BlobNames.Present(run, here.File)), here, cancellation)).Claim;
        }
        catch (Exception error) when (StorageFaults.Is(error) && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Who else takes part in a run at this moment, or computes a unit of it.</summary>
    public async Task<IReadOnlyList<ClaimHolder>> OthersAsync(string run, CancellationToken cancellation = default)
    {
        var here = ClaimHolder.Here(run);
        var holders = (await HoldersAsync(BlobNames.Present(run, string.Empty), run, cancellation)).Concat(await HoldersAsync(run, cancellation));
        return [.. holders.Distinct().Where(holder => holder != here).OrderBy(h => h.Name, StringComparer.Ordinal)];
    }

    /// <summary>Who works on a run at this moment: one entry for each unit that is being computed, by name.</summary>
    public async Task<IReadOnlyList<ClaimHolder>> HoldersAsync(string run, CancellationToken cancellation = default) =>
        [.. (await HoldersAsync(BlobNames.ClaimRoot, run, cancellation)).OrderBy(h => h.Name, StringComparer.Ordinal)];

    private async Task<List<ClaimHolder>> HoldersAsync(string prefix, string run, CancellationToken cancellation)
    {
        var holders = new List<ClaimHolder>();
        await foreach (var item in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, cancellation))
        {
            if (item.Properties.LeaseState == LeaseState.Leased && await Claim.ReadAsync(container.GetBlobClient(item.Name), cancellation) is { } holder
                && holder.Run == run && !holder.HasEnded())
            {
                holders.Add(holder);
            }
        }

        return holders;
    }

    /// <summary>Deletes a blob, if it exists.</summary>
    public async Task DeleteAsync(string name, CancellationToken cancellation = default) =>
        await container.DeleteBlobIfExistsAsync(name, cancellationToken: cancellation);

    /// <summary>Names of the runs in the store, sorted.</summary>
    public async Task<IReadOnlyList<string>> ListRunsAsync(CancellationToken cancellation = default)
    {
        var names = new List<string>();
        await foreach (var item in container.GetBlobsByHierarchyAsync(BlobTraits.None, BlobStates.None, "/", null, cancellation))
        {
            if (item.IsPrefix && !item.Prefix.StartsWith('_'))
            {
                names.Add(item.Prefix.TrimEnd('/'));
            }
        }

        return names;
    }

    /// <summary>Names of the blobs under a prefix, with the time each was last written.</summary>
    public async Task<IReadOnlyList<(string Name, DateTimeOffset Written)>> ListAsync(string prefix, CancellationToken cancellation = default)
    {
        var found = new List<(string, DateTimeOffset)>();
        await foreach (var item in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, cancellation))
        {
            found.Add((item.Name, item.Properties.LastModified ?? default));
        }

        return found;
    }

    /// <summary>Deletes every blob of a run; results that other runs may share stay.</summary>
    public async Task DeleteRunAsync(string run, CancellationToken cancellation = default)
    {
        foreach (var prefix in new[] { BlobNames.Present(run, string.Empty), BlobNames.Work(run, string.Empty), $"{run}/" })
        {
            foreach (var (name, _) in await ListAsync(prefix, cancellation))
            {
                await container.DeleteBlobIfExistsAsync(name, cancellationToken: cancellation);
            }
        }
    }

    private static async Task<(T? Value, ETag? Tag)> ReadTaggedAsync<T>(BlobClient blob, CancellationToken cancellation)
        where T : class
    {
        try
        {
            var content = (await blob.DownloadContentAsync(cancellation)).Value;
            return (JsonSerializer.Deserialize<T>(content.Content, WorkflowJson.Options), content.Details.ETag);
        }
        catch (RequestFailedException error) when (error.Status == 404)
        {
            return (null, null);
        }
    }

    private static BlobHttpHeaders Headers(string name) => new()
    {
        ContentType = Path.GetExtension(name) switch
        {
            ".json" => "application/json",
            ".html" => "text/html; charset=utf-8",
            ".png" => "image/png",
            ".csv" => "text/csv; charset=utf-8",
            ".txt" or ".py" or ".md" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        },
    };
}
