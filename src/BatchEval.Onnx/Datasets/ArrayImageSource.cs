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

    private ArrayImageSource(string name, string identity, PixelRange? range, Func<Rows> open)
    {
        (Name, Identity, this.open) = (name, identity, open);
        using Rows rows = open();
        layout = ArrayLayout.Of(rows.Reader.Header, name, range);
        Count = rows.Reader.Header.Shape[0];
        if (Count == 0)
        {
            throw new InvalidDataException($"{name} holds 0 images.");
        }
    }

    public string Name { get; }

    public int Count { get; }

    public string Identity { get; }

    /// <summary>Images of a <c>.npy</c> file.</summary>
    /// <exception cref="InvalidDataException">Not bytes, floating point without a range, or not the shape of images.</exception>
    public static ArrayImageSource OfNpy(string path, PixelRange? range = null) =>
        new(path, SourceIdentity.OfFile($"npy{Tag(range)}", path), range, () => new Rows(null, new NpyRowReader(File.OpenRead(path), path)));

    /// <summary>Images of one array of a <c>.npz</c> file.</summary>
    /// <exception cref="InvalidDataException">No such array, not bytes, or not the shape of images.</exception>
    public static ArrayImageSource OfNpz(string path, string array = BatchArray, PixelRange? range = null) => new($"{path}[{array}]", SourceIdentity.OfFile($"npz {array}{Tag(range)}", path), range, () =>
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

    public IEnumerable<RgbImage> Read(int first = 0)
    {
        using Rows rows = open();
        int atOnce = Math.Max(1, BytesAtOnce / (3 * layout.Height * layout.Width));
        int at = 0;
        while (rows.Reader.ReadRows(atOnce) is { } block)
        {
            var bytes = layout.Bytes(block);
            for (var i = 0; i < block.Shape[0]; i++, at++)
            {
                if (at >= first)
                {
                    yield return layout.ToImage(bytes.Span, i);
                }
            }
        }
    }

    private static string Tag(PixelRange? range) => range is { } r ? $" {r.Low} {r.High}" : string.Empty;

    private sealed record Rows(NpzFile? Owner, NpyRowReader Reader) : IDisposable
    {
        public void Dispose()
        {
            Reader.Dispose();
            Owner?.Dispose();
        }
    }
}
