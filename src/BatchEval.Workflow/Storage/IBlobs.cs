using System.Collections.Concurrent;

namespace BatchEval.Workflow.Storage;

/// <summary>Named contents that are written once: all that stored results need of a storage.</summary>
public interface IBlobs
{
    /// <summary>Where they lie, for messages; holds no secret.</summary>
    string Place { get; }

    Task<bool> ExistsAsync(string name, CancellationToken cancellation = default);

    /// <summary>Reads a blob, or null when it does not exist.</summary>
    Task<byte[]?> ReadAsync(string name, CancellationToken cancellation = default);

    /// <summary>Writes a blob unless it exists.</summary>
    /// <returns>False when it existed, in which case it is unchanged.</returns>
    Task<bool> WriteOnceAsync(string name, byte[] content, CancellationToken cancellation = default);
}

/// <summary>Contents that end with the process.</summary>
public sealed class MemoryBlobs : IBlobs
{
    private readonly ConcurrentDictionary<string, byte[]> blobs = new(StringComparer.Ordinal);

    public string Place => "memory";

    public Task<bool> ExistsAsync(string name, CancellationToken cancellation = default) => Task.FromResult(blobs.ContainsKey(name));

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancellation = default) => Task.FromResult(blobs.GetValueOrDefault(name));

    public Task<bool> WriteOnceAsync(string name, byte[] content, CancellationToken cancellation = default) => Task.FromResult(blobs.TryAdd(name, content));
}
