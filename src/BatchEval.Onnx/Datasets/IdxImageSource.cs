using System.Buffers.Binary;
using System.IO.Compression;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Datasets;

/// <summary>
/// Images in an IDX file, the format of MNIST and its relatives: two zero bytes, the element type, the number of dimensions, the dimensions as big-endian
/// integers, then bytes. [N, H, W] or [N, H, W, 3]; also as compressed by gzip, in which form they are published.
/// </summary>
internal sealed class IdxImageSource : IImageSource
{
    private const byte UnsignedBytes = 0x08;

    private readonly string path;
    private readonly bool compressed;
    private readonly ArrayLayout layout;

    /// <summary>Reads the header.</summary>
    /// <exception cref="InvalidDataException">Not an IDX file of images, or truncated.</exception>
    public IdxImageSource(string path)
    {
        (this.path, Name) = (path, path);
        compressed = IsCompressed(path);
        Identity = SourceIdentity.OfFile("idx", path);
        using Stream stream = Open();
        (Count, layout) = ReadHeader(stream);
        long expected = (long)Count * layout.Channels * layout.Height * layout.Width;
        if (!compressed && stream.Length - stream.Position != expected)
        {
            throw new InvalidDataException($"{path} is {(stream.Length - stream.Position < expected ? "truncated" : "damaged")}: its header announces {expected} bytes of pixels, but there are {stream.Length - stream.Position}.");
        }
    }

    public string Name { get; }

    public int Count { get; }

    public string Identity { get; }

    public IEnumerable<RgbImage> Read(int first = 0)
    {
        using Stream stream = Open();
        _ = ReadHeader(stream);
        var image = new byte[layout.Channels * layout.Height * layout.Width];
        for (var i = 0; i < Count; i++)
        {
            Fill(stream, image, i);
            if (i >= first)
            {
                yield return layout.ToImage(image, 0);
            }
        }

        if (stream.ReadByte() >= 0)
        {
            throw new InvalidDataException($"{path} is damaged: it goes on after its last image.");
        }
    }

    /// <summary>Whether the first bytes are those of gzip.</summary>
    internal static bool IsCompressed(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return stream.ReadByte() == 0x1F && stream.ReadByte() == 0x8B;
    }

    private Stream Open() => compressed ? new GZipStream(File.OpenRead(path), CompressionMode.Decompress) : File.OpenRead(path);

    private (int Count, ArrayLayout Layout) ReadHeader(Stream stream)
    {
        var start = new byte[4];
        Fill(stream, start, null);
        if (start[0] != 0 || start[1] != 0 || start[2] is < 0x08 or > 0x0E)
        {
            throw new InvalidDataException($"{path} is not an IDX file: it does not begin with two zero bytes and an element type.");
        }

        int rank = start[3];
        if (start[2] != UnsignedBytes || rank is not (3 or 4))
        {
            throw new InvalidDataException($"{path} is an IDX file of {rank} dimensions and element type 0x{start[2]:X2}; images have 3 or 4 dimensions of unsigned bytes (0x08).{(rank == 1 ? " It looks like the file of labels." : string.Empty)}");
        }

        var sizes = new byte[4 * rank];
        Fill(stream, sizes, null);
        int[] shape = [.. Enumerable.Range(0, rank).Select(i => BinaryPrimitives.ReadInt32BigEndian(sizes.AsSpan(4 * i)))];
        int channels = rank == 4 ? shape[3] : 1;
        if (shape.Any(size => size < 1) || channels is not (1 or 3) || (long)shape[1] * shape[2] > ImageCodec.DefaultMaxPixels)
        {
            throw new InvalidDataException($"{path} has shape ({string.Join(", ", shape)}); [N, H, W] or [N, H, W, 3] is needed, each at least 1 and at most {ImageCodec.DefaultMaxPixels} pixels.");
        }

        return (shape[0], new ArrayLayout(channels, shape[1], shape[2], false));
    }

    private void Fill(Stream stream, byte[] buffer, int? image)
    {
        try
        {
            if (stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) == buffer.Length)
            {
                return;
            }
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{path} is damaged: its compressed data cannot be unpacked.", error);
        }

        throw new InvalidDataException($"{path} is truncated: it ends within {(image is { } index ? $"image {index}" : "its header")}.");
    }
}
