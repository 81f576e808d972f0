using System.Text.Json;
using BatchEval.Onnx.Numpy;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Scoring;

/// <summary>What a stored cell lacks of all that is asked of it.</summary>
public enum CellGap
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A comparison with another cell; its images are there.</summary>
    Pairs,

    /// <summary>Everything, or images that must be sampled again.</summary>
    Samples,
}

/// <summary>The files of cells.</summary>
/// <param name="blobs">Where they lie.</param>
public sealed class CellFiles(IBlobs blobs)
{
    private const string Result = "result.json";
    private const string Features = "features.npy";
    private const string Logits = "logits.npy";
    private const string Images = "images.npy";

    /// <summary>Writes all that was computed; what exists already stays. <c>result.json</c> comes last, so that its presence means that the cell is complete.</summary>
    internal async Task WriteAsync(Cell cell, CellResult result, CancellationToken cancellation)
    {
        await WriteRowsAsync(cell, Features, result.Features, cancellation);
        await WriteRowsAsync(cell, Logits, result.Logits, cancellation);
        if (cell.KeepImages && result.Images is { } images)
        {
            await WriteArrayAsync(cell, Images, NpyArray.From(images.Pixels, [.. images.Shape]), cancellation);
        }

        if (result.Pairs is { } pairs)
        {
            await WritePairsAsync(cell, pairs, cancellation);
        }

        await WriteJsonAsync(cell, Result, result, cancellation);
    }

    /// <summary>Writes what metrics of pairs say of a cell whose other files exist.</summary>
    internal Task WritePairsAsync(Cell cell, PairedValues pairs, CancellationToken cancellation) => WriteJsonAsync(cell, Pairs(pairs.ComparedWith), pairs, cancellation);

    /// <summary>Which cells lack something that they ask for.</summary>
    public async Task<IReadOnlyList<(Cell Cell, CellGap Gap)>> GapsAsync(IReadOnlyList<Cell> cells, CancellationToken cancellation = default)
    {
        var gaps = new List<(Cell Cell, CellGap Gap)>();
        foreach (var cell in cells)
        {
            gaps.Add((cell, await GapAsync(cell, cancellation)));
        }

        return [.. gaps.Where(g => g.Gap != CellGap.None)];
    }

    /// <summary>Reads <c>result.json</c> of a complete cell, without its arrays.</summary>
    /// <exception cref="InvalidOperationException">The cell is not complete.</exception>
    public async Task<CellResult> ReadAsync(string key, CancellationToken cancellation = default) =>
        await ReadJsonAsync<CellResult>(key, Result, cancellation) ?? throw Missing(BlobNames.Cell(key, Result));

    /// <summary>Reads a complete cell with features and, where they are wanted, class scores and the values of the comparison that the cell names.</summary>
    /// <exception cref="InvalidOperationException">A file is missing.</exception>
    public async Task<CellResult> ReadAsync(Cell cell, bool features, bool logits, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cell);
        var result = await ReadAsync(cell.Key, cancellation);
        return result.Failure is not null ? result : result with
        {
            Features = features ? (await ReadArrayAsync(cell.Key, Features, cancellation)).ToFloat32() : null,
            Logits = logits ? (await ReadArrayAsync(cell.Key, Logits, cancellation)).ToFloat32() : null,
            Pairs = cell.ComparedWith is { } other ? await ReadJsonAsync<PairedValues>(cell.Key, Pairs(other), cancellation) ?? throw Missing(BlobNames.Cell(cell.Key, Pairs(other))) : null,
        };
    }

    /// <summary>Reads the images of a cell that kept them.</summary>
    /// <exception cref="InvalidOperationException">They are missing.</exception>
    public async Task<ImageBatch> ReadImagesAsync(string key, CancellationToken cancellation = default)
    {
        var array = await ReadArrayAsync(key, Images, cancellation);
        return new ImageBatch(array.AsSpan<byte>().ToArray(), array.Shape);
    }

    private async Task<CellGap> GapAsync(Cell cell, CancellationToken cancellation)
    {
        if (cell is { KeepImages: false, ComparedWith: null })
        {
            return await HasAsync(cell, Result, cancellation) ? CellGap.None : CellGap.Samples;
        }

        // A cell that failed has neither images nor comparisons.
        var found = await ReadJsonAsync<CellResult>(cell.Key, Result, cancellation);
        if (found is null || found.Failure is not null)
        {
            return found is null ? CellGap.Samples : CellGap.None;
        }

        var lacksPairs = cell.ComparedWith is { } other && !await HasAsync(cell, Pairs(other), cancellation);
        return !lacksPairs && !cell.KeepImages ? CellGap.None
            : !await HasAsync(cell, Images, cancellation) ? CellGap.Samples
            : lacksPairs ? CellGap.Pairs : CellGap.None;
    }

    // The first digits of the other cell's key tell the few cells apart that a cell is ever compared with.
    private static string Pairs(string comparedWith) => $"pairs-{comparedWith[..16]}.json";

    private InvalidOperationException Missing(string name) => new($"The blob '{name}' is missing from {blobs.Place}.");

    private Task<bool> HasAsync(Cell cell, string file, CancellationToken cancellation) => blobs.ExistsAsync(BlobNames.Cell(cell.Key, file), cancellation);

    private Task WriteRowsAsync(Cell cell, string file, float[]? rows, CancellationToken cancellation) =>
        rows is null ? Task.CompletedTask : WriteArrayAsync(cell, file, NpyArray.From(rows, cell.Range.Count, rows.Length / cell.Range.Count), cancellation);

    private Task<bool> WriteArrayAsync(Cell cell, string file, NpyArray array, CancellationToken cancellation)
    {
        using var stream = new MemoryStream();
        NpyFormat.Write(stream, array);
        return blobs.WriteOnceAsync(BlobNames.Cell(cell.Key, file), stream.ToArray(), cancellation);
    }

    private Task<bool> WriteJsonAsync<T>(Cell cell, string file, T value, CancellationToken cancellation) =>
        blobs.WriteOnceAsync(BlobNames.Cell(cell.Key, file), JsonSerializer.SerializeToUtf8Bytes(value, WorkflowJson.Options), cancellation);

    private async Task<T?> ReadJsonAsync<T>(string key, string file, CancellationToken cancellation)
        where T : class =>
        await blobs.ReadAsync(BlobNames.Cell(key, file), cancellation) is { } bytes ? JsonSerializer.Deserialize<T>(bytes, WorkflowJson.Options) : null;

    private async Task<NpyArray> ReadArrayAsync(string key, string file, CancellationToken cancellation)
    {
        var name = BlobNames.Cell(key, file);
        return NpyFormat.FromBytes(await blobs.ReadAsync(name, cancellation) ?? throw Missing(name), name);
    }
}
