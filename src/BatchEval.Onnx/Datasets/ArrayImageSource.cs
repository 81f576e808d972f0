using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Datasets;

/// <summary>
/// Images in a NumPy array of bytes, streamed in rows: [N, H, W, C] as in the batches of the guided-diffusion evaluator, [N, C, H, W], or [N, H, W].
/// C is 3 or 1; of the first two layouts the one whose C is 3 or 1 is meant.
/// </summary>
public sealed class ArrayImageSource : IImageSource
{
    /// <summary>Name of the image array in the reference batches of the guided-diffusion evaluator.</summary>
    public const string BatchArray = "arr_0";

    private const int BytesAtOnce = 1 << 24;

    private readonly Func<Rows> open;
    private readonly ArrayLayout layout;

    private ArrayImageSource(string name, string identity, Func<Rows> open)
    {
        (Name, Identity, this.open) = (name, identity, open);
        using Rows rows = open();
        layout = ArrayLayout.Of(rows.Reader.Header, name);
        Count = rows.Reader.Header.Shape[0];
        if (Count == 0)
        {
            throw new InvalidDataException($"{name} holds 0 images.");
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public string Identity { get; }

    /// <summary>Images of a <c>.npy</c> file.</summary>
    /// <exception cref="InvalidDataException">Not bytes, or not the shape of images.</exception>
    public static ArrayImageSource OfNpy(string path) =>
        new(path, SourceIdentity.OfFile("npy", path), () => new Rows(null, new NpyRowReader(File.OpenRead(path), path)));

    /// <summary>Images of one array of a <c>.npz</c> file.</summary>
    /// <exception cref="InvalidDataException">No such array, not bytes, or not the shape of images.</exception>
    public static ArrayImageSource OfNpz(string path, string array = BatchArray) => new($"{path}[{array}]", SourceIdentity.OfFile($"npz {array}", path), () =>
    {
        NpzFile file = NpzFile.Open(path);
        try
        {
            return new Rows(file, file.OpenRows(array));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    });

    /// <inheritdoc/>
    public IEnumerable<RgbImage> Read(int first = 0)
    {
        using Rows rows = open();
        int atOnce = Math.Max(1, BytesAtOnce / (3 * layout.Height * layout.Width));
        int at = 0;
        while (rows.Reader.ReadRows(atOnce) is { } block)
        {
            for (int i = 0; i < block.Shape[0]; i++, at++)
            {
                if (at >= first)
                {
                    yield return layout.ToImage(block.Bytes, i);
                }
            }
        }
    }

    private sealed record Rows(NpzFile? Owner, NpyRowReader Reader) : IDisposable
    {
        public void Dispose()
        {
            Reader.Dispose();
            Owner?.Dispose();
        }
    }
}
