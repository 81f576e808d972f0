using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Images;

namespace BatchEval.Workflow.Storage;

/// <summary>The image blobs under a prefix of a run store, sorted by name.</summary>
public sealed class BlobImageSource : IImageSource
{
    // Blobs fetched side by side.
    private const int Chunk = 32;

    private readonly RunStore store;
    private readonly string[] names;

    private BlobImageSource(RunStore store, string prefix, IReadOnlyList<(string Name, DateTimeOffset Written)> blobs)
    {
        (this.store, Name) = (store, $"{store.Place}/{prefix}");
        names = EncodedImages.Choose(blobs.Select(blob => blob.Name), $"'{Name}'");
        var written = blobs.ToDictionary(blob => blob.Name, blob => blob.Written, StringComparer.Ordinal);
        Identity = SourceIdentity.Of("blobs", names.Select(name => $"{name} {written[name].UtcTicks}"));
    }

    public string Name { get; }

    public int Count => names.Length;

    public string Identity { get; }

    /// <summary>Lists a prefix.</summary>
    /// <exception cref="ProblemException">Fewer than two images.</exception>
    /// <exception cref="InvalidDataException">Images of other formats among them.</exception>
    public static async Task<BlobImageSource> OpenAsync(RunStore store, string prefix, CancellationToken cancellation = default)
    {
        var source = new BlobImageSource(store, prefix, await store.ListAsync(prefix, cancellation));
        return source.Count > 0 ? ImageSources.RequireTwo(source) : throw new ProblemException($"There are no image blobs (PNG, JPEG, WebP, BMP, GIF) under '{source.Name}'.");
    }

    public string NameOf(long index) => names[index];

    public IEnumerable<RgbImage> Read(int first = 0)
    {
        foreach (var chunk in names.Skip(first).Chunk(Chunk))
        {
            // Readers of images are synchronous; nothing else waits on this thread.
            var contents = Task.WhenAll(chunk.Select(FetchAsync)).GetAwaiter().GetResult();
            for (var i = 0; i < chunk.Length; i++)
            {
                yield return ImageCodec.Decode(contents[i], chunk[i]);
            }
        }
    }

    private async Task<byte[]> FetchAsync(string name) =>
        await store.ReadAsync(name) ?? throw new InvalidDataException($"The blob '{name}' was deleted while the images were read.");
}
