using System.Text.Json;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Evaluation;

/// <summary>What a stored shard lacks of all that is asked of it.</summary>
public enum ShardGap
{
    None,

    /// <summary>A comparison with another shard; its images are there.</summary>
    Pairs,

    /// <summary>Everything, or images that must be sampled again.</summary>
    Samples,
}

/// <summary>The files of shards.</summary>
/// <param name="blobs">Where they lie.</param>
public sealed class ShardFiles(IBlobs blobs)
{
    private const string Result = "result.json";
    private const string Features = "features.npy";
    private const string Logits = "logits.npy";
    private const string Images = "images.npy";

    /// <summary>Writes all that was computed; what exists already stays. <c>result.json</c> comes last, so that its presence means that the shard is complete.</summary>
    internal async Task WriteAsync(Shard shard, ShardResult result, CancellationToken cancellation)
    {
        await WriteRowsAsync(shard, Features, result.Features, cancellation);
        await WriteRowsAsync(shard, Logits, result.Logits, cancellation);
        if (shard.KeepImages && result.Images is { } images)
        {
            await WriteArrayAsync(shard, Images, NpyArray.From(images.Pixels, [.. images.Shape]), cancellation);
        }

        if (result.Pairs is { } pairs)
        {
            await WritePairsAsync(shard, pairs, cancellation);
        }

        await WriteJsonAsync(shard, Result, result, cancellation);
    }

    /// <summary>Writes what metrics of pairs say of a shard whose other files exist.</summary>
    internal Task WritePairsAsync(Shard shard, PairedValues pairs, CancellationToken cancellation) => WriteJsonAsync(shard, Pairs(pairs.ComparedWith), pairs, cancellation);

    /// <summary>Which shards lack something that they ask for.</summary>
    public async Task<IReadOnlyList<(Shard Shard, ShardGap Gap)>> GapsAsync(IReadOnlyList<Shard> shards, CancellationToken cancellation = default)
    {
        var gaps = new List<(Shard Shard, ShardGap Gap)>();
        foreach (var shard in shards)
        {
            gaps.Add((shard, await GapAsync(shard, cancellation)));
        }

        return [.. gaps.Where(g => g.Gap != ShardGap.None)];
    }

    /// <summary>Reads <c>result.json</c> of a complete shard, without its arrays.</summary>
    /// <exception cref="InvalidOperationException">The shard is not complete.</exception>
    public async Task<ShardResult> ReadAsync(string key, CancellationToken cancellation = default) =>
        await ReadJsonAsync<ShardResult>(key, Result, cancellation) ?? throw Missing(BlobNames.Shard(key, Result));

    /// <summary>Reads a complete shard with features and, where they are wanted, class scores and the values of the comparison that the shard names.</summary>
    /// <exception cref="InvalidOperationException">A file is missing.</exception>
    public async Task<ShardResult> ReadAsync(Shard shard, bool features, bool logits, CancellationToken cancellation = default)
    {
        var result = await ReadAsync(shard.Key, cancellation);
        return result.Failure is not null ? result : result with
        {
            Features = features ? (await ReadArrayAsync(shard.Key, Features, cancellation)).ToFloat32() : null,
            Logits = logits ? (await ReadArrayAsync(shard.Key, Logits, cancellation)).ToFloat32() : null,
            Pairs = shard.ComparedWith is { } other ? await ReadJsonAsync<PairedValues>(shard.Key, Pairs(other), cancellation) ?? throw Missing(BlobNames.Shard(shard.Key, Pairs(other))) : null,
        };
    }

    /// <summary>Reads the images of a shard that kept them.</summary>
    /// <exception cref="InvalidOperationException">They are missing.</exception>
    public async Task<ImageBatch> ReadImagesAsync(string key, CancellationToken cancellation = default)
    {
        var array = await ReadArrayAsync(key, Images, cancellation);
        return new ImageBatch(array.AsSpan<byte>().ToArray(), array.Shape);
    }

    private async Task<ShardGap> GapAsync(Shard shard, CancellationToken cancellation)
    {
        if (shard is { KeepImages: false, ComparedWith: null })
        {
            return await HasAsync(shard, Result, cancellation) ? ShardGap.None : ShardGap.Samples;
        }

        // A shard that failed has neither images nor comparisons.
        var found = await ReadJsonAsync<ShardResult>(shard.Key, Result, cancellation);
        if (found is null || found.Failure is not null)
        {
            return found is null ? ShardGap.Samples : ShardGap.None;
        }

        var lacksPairs = shard.ComparedWith is { } other && !await HasAsync(shard, Pairs(other), cancellation);
        return !lacksPairs && !shard.KeepImages ? ShardGap.None
            : !await HasAsync(shard, Images, cancellation) ? ShardGap.Samples
            : lacksPairs ? ShardGap.Pairs : ShardGap.None;
    }

    // The first digits of the other shard's key tell the few shards apart that a shard is ever compared with.
    private static string Pairs(string comparedWith) => $"pairs-{comparedWith[..16]}.json";

    private InvalidOperationException Missing(string name) => new($"The blob '{name}' is missing from {blobs.Place}.");

    private Task<bool> HasAsync(Shard shard, string file, CancellationToken cancellation) => blobs.ExistsAsync(BlobNames.Shard(shard.Key, file), cancellation);

    private Task WriteRowsAsync(Shard shard, string file, float[]? rows, CancellationToken cancellation) =>
        rows is null ? Task.CompletedTask : WriteArrayAsync(shard, file, NpyArray.From(rows, shard.Range.Count, rows.Length / shard.Range.Count), cancellation);

    private Task<bool> WriteArrayAsync(Shard shard, string file, NpyArray array, CancellationToken cancellation)
    {
        using var stream = new MemoryStream();
        NpyFormat.Write(stream, array);
        return blobs.WriteOnceAsync(BlobNames.Shard(shard.Key, file), stream.ToArray(), cancellation);
    }

    private Task<bool> WriteJsonAsync<T>(Shard shard, string file, T value, CancellationToken cancellation) =>
        blobs.WriteOnceAsync(BlobNames.Shard(shard.Key, file), JsonSerializer.SerializeToUtf8Bytes(value, WorkflowJson.Options), cancellation);

    private async Task<T?> ReadJsonAsync<T>(string key, string file, CancellationToken cancellation)
        where T : class =>
        await blobs.ReadAsync(BlobNames.Shard(key, file), cancellation) is { } bytes ? JsonSerializer.Deserialize<T>(bytes, WorkflowJson.Options) : null;

    private async Task<NpyArray> ReadArrayAsync(string key, string file, CancellationToken cancellation)
    {
        var name = BlobNames.Shard(key, file);
        return NpyFormat.FromBytes(await blobs.ReadAsync(name, cancellation) ?? throw Missing(name), name);
    }
}
