using BatchEval.Onnx.Numpy;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Scoring;

/// <summary>The files of a cell, and the order in which they are written.</summary>
internal static class CellFiles
{
    /// <summary>Metrics per image; written last, so that its presence means that the cell is complete.</summary>
    public const string Result = "result.json";

    private const string Features = "features.npy";
    private const string Logits = "logits.npy";
    private const string Images = "images.npy";

    public static async Task WriteAsync(RunStore store, Cell cell, ScoredCell scored, CellResult result, CancellationToken cancellation)
    {
        if (scored.Features is { } features)
        {
            var dimensions = features.Length / cell.Range.Count;
            await store.WriteOnceAsync(BlobNames.Cell(cell.Key, Features), ToBytes(NpyArray.From(features, cell.Range.Count, dimensions)), cancellation);
        }

        if (scored.Logits is { } logits)
        {
            await store.WriteOnceAsync(BlobNames.Cell(cell.Key, Logits), ToBytes(NpyArray.From(logits, cell.Range.Count, logits.Length / cell.Range.Count)), cancellation);
        }

        if (cell.KeepImages && scored.Images is { } images)
        {
            await store.WriteOnceAsync(BlobNames.Cell(cell.Key, Images), ToBytes(NpyArray.From(images.Pixels, [.. images.Shape])), cancellation);
        }

        await store.WriteJsonOnceAsync(BlobNames.Cell(cell.Key, Result), result, cancellation);
    }

    public static Task<CellResult> ReadResultAsync(RunStore store, string key, CancellationToken cancellation) =>
        store.RequireJsonAsync<CellResult>(BlobNames.Cell(key, Result), cancellation);

    public static async Task<CellArrays> ReadArraysAsync(RunStore store, string key, bool withLogits, CancellationToken cancellation) => new(
        (await ReadArrayAsync(store, key, Features, cancellation)).ToFloat32(), withLogits ? (await ReadArrayAsync(store, key, Logits, cancellation)).ToFloat32() : null);

    public static async Task<ImageBatch> ReadImagesAsync(RunStore store, string key, CancellationToken cancellation)
    {
        var array = await ReadArrayAsync(store, key, Images, cancellation);
        return new ImageBatch(array.AsSpan<byte>().ToArray(), array.Shape);
    }

    private static async Task<NpyArray> ReadArrayAsync(RunStore store, string key, string file, CancellationToken cancellation)
    {
        var name = BlobNames.Cell(key, file);
        var bytes = await store.ReadAsync(name, cancellation) ?? throw new InvalidOperationException($"The blob '{name}' is missing from {store.Place}.");
        using var stream = new MemoryStream(bytes);
        return NpyFormat.Read(stream, name);
    }

    private static byte[] ToBytes(NpyArray array)
    {
        using var stream = new MemoryStream();
        NpyFormat.Write(stream, array);
        return stream.ToArray();
    }
}

/// <summary>What metrics of sets look at.</summary>
/// <param name="Features">Features [N, D].</param>
/// <param name="Logits">Class scores [N, K], where they were asked for.</param>
public sealed record CellArrays(float[] Features, float[]? Logits);
