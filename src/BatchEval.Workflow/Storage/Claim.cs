using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Storage;

/// <summary>Who works on something.</summary>
/// <param name="Started">When the process began, in ticks; another process may have the same number later.</param>
/// <param name="Boot">What tells systems of one name apart, or null: the boot of the machine and the container's own numbering of processes.</param>
public sealed record ClaimHolder(string Machine, int Process, long Started, string Run, string? Boot = null)
{
    private static readonly string? ThisBoot = ReadBoot();

    /// <summary>This process.</summary>
    public static ClaimHolder Here(string run)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new ClaimHolder(Environment.MachineName, process.Id, process.StartTime.ToUniversalTime().Ticks, run, ThisBoot);
    }

    private static string? ReadBoot()
    {
        try
        {
            return OperatingSystem.IsLinux() ? $"{System.IO.File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()} {new FileInfo("/proc/self/ns/pid").LinkTarget}" : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Machine and process, for people.</summary>
    public string Name => $"{Machine} (process {Process})";

    /// <summary>Name of the file that tells of this process.</summary>
    internal string File => FormattableString.Invariant($"{Machine}-{Process}-{Started}.json");

    /// <summary>Whether this is a process of this machine that has ended.</summary>
    public bool HasEnded()
    {
        if (Machine != Environment.MachineName || Boot != ThisBoot)
        {
            return false;
        }

        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(Process);
            return process.HasExited || Math.Abs(process.StartTime.ToUniversalTime().Ticks - Started) > TimeSpan.TicksPerSecond;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            return true;
        }
    }
}

/// <summary>
/// A claim on a piece of work: a lease on a small blob, renewed while it is held. It lapses by itself when its holder ends without releasing it, and at once when
/// that was a process of this machine. Without it two processes would compute the same; with it results would still be written once.
/// </summary>
public sealed class Claim : IAsyncDisposable
{
    // The shortest that the storage allows.
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);
    private static readonly ConcurrentDictionary<string, byte> Held = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource done = new();
    private readonly BlobClient blob;
    private readonly BlobLeaseClient lease;
    private readonly Task renewal;

    private Claim(BlobClient blob, BlobLeaseClient lease)
    {
        (this.blob, this.lease) = (blob, lease);
        renewal = RenewAsync();
    }

    /// <summary>Takes a claim unless somebody else holds it.</summary>
    /// <returns>The claim, or null and who holds it.</returns>
    internal static async Task<(Claim? Claim, ClaimHolder? Other)> TryTakeAsync(BlobClient blob, ClaimHolder here, CancellationToken cancellation)
    {
        var content = new BinaryData(JsonSerializer.SerializeToUtf8Bytes(here, WorkflowJson.Options));
        var key = blob.Uri.ToString();
        if (!Held.TryAdd(key, 0))
        {
            return (null, here);
        }

        try
        {
            await CreateAsync(blob, content, cancellation);
            var lease = blob.GetBlobLeaseClient();
            if (await AcquireAsync(blob, lease, content, cancellation))
            {
                return (new Claim(blob, lease), null);
            }

            var other = await ReadAsync(blob, cancellation);
            // What this process does not hold by its own account, it held before it lost the storage.
            if (other is not null && (other.HasEnded() || (other with { Run = here.Run }) == here))
            {
                await BreakAsync(lease, cancellation);
                if (await AcquireAsync(blob, lease, content, cancellation))
                {
                    return (new Claim(blob, lease), null);
                }
            }

            Held.TryRemove(key, out _);
            return (null, other ?? here);
        }
        catch
        {
            Held.TryRemove(key, out _);
            throw;
        }
    }

    /// <summary>Gives the claim back.</summary>
    public async ValueTask DisposeAsync()
    {
        await done.CancelAsync();
        await renewal;
        try
        {
            await blob.DeleteIfExistsAsync(conditions: new BlobRequestConditions { LeaseId = lease.LeaseId });
        }
        catch (Exception error) when (StorageFaults.Is(error))
        {
            // It lapses.
        }
        finally
        {
            Held.TryRemove(blob.Uri.ToString(), out _);
            done.Dispose();
        }
    }

    internal static async Task<ClaimHolder?> ReadAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            return JsonSerializer.Deserialize<ClaimHolder>((await blob.DownloadContentAsync(cancellation)).Value.Content, WorkflowJson.Options);
        }
        catch (RequestFailedException error) when (error.Status == 404)
        {
            return null;
        }
    }

    private static async Task CreateAsync(BlobClient blob, BinaryData content, CancellationToken cancellation)
    {
        try
        {
            await blob.UploadAsync(content, new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellation);
        }
        catch (RequestFailedException error) when (error.Status is 409 or 412)
        {
            // It is there.
        }
    }

    private static async Task<bool> AcquireAsync(BlobClient blob, BlobLeaseClient lease, BinaryData content, CancellationToken cancellation)
    {
        try
        {
            await lease.AcquireAsync(Duration, cancellationToken: cancellation);
            await blob.UploadAsync(content, new BlobUploadOptions { Conditions = new BlobRequestConditions { LeaseId = lease.LeaseId } }, cancellation);
            return true;
        }
        catch (RequestFailedException error) when (error.Status is 404 or 409 or 412)
        {
            // Somebody has it, has just given it back, or has broken it as that of a process that had ended, at the same moment as this one.
            return false;
        }
    }

    private static async Task BreakAsync(BlobLeaseClient lease, CancellationToken cancellation)
    {
        try
        {
            await lease.BreakAsync(TimeSpan.Zero, cancellationToken: cancellation);
        }
        catch (RequestFailedException error) when (error.Status is 404 or 409 or 412)
        {
            // It has been given back or broken meanwhile.
        }
    }

    private async Task RenewAsync()
    {
        while (true)
        {
            try
            {
                await Task.Delay(Duration / 3, done.Token);
                await lease.RenewAsync(cancellationToken: done.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (StorageFaults.Is(error))
            {
                Debug.WriteLine(error.Message);
            }
        }
    }
}
