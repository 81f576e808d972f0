using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Datasets;

/// <summary>Where the values of an image lie in an array of bytes.</summary>
/// <param name="Channels">C, 1 or 3.</param>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="ChannelsFirst">[C, H, W] instead of [H, W, C].</param>
internal sealed record ArrayLayout(int Channels, int Height, int Width, bool ChannelsFirst)
{
    /// <summary>Values of black and white where elements are floating point, or null for bytes.</summary>
    public PixelRange? Range { get; private init; }

    private int Size => Channels * Height * Width;

    /// <summary>Reads the layout from a header.</summary>
    /// <exception cref="InvalidDataException">Other elements than bytes, another number of dimensions or channels, or images that are too large.</exception>
    public static ArrayLayout Of(NpyHeader header, string source, PixelRange? range)
    {
        var floating = header.Kind is NpyKind.Float16 or NpyKind.Float32 or NpyKind.Float64;
        if (header.Kind != NpyKind.UInt8 && !(floating && range is not null))
        {
            throw new InvalidDataException($"{source} holds {header.Kind} elements; images are bytes (uint8) from 0 to 255{(floating ? ", or floating point with a known range (--range -1,1)" : string.Empty)}. Convert as your pipeline saves its PNG files, for example (x * 127.5 + 127.5).round().clip(0, 255).astype(np.uint8) for x in [-1, 1].");
        }

        IReadOnlyList<int> s = header.Shape;
        ArrayLayout layout = s.Count switch
        {
            3 => new(1, s[1], s[2], false),
            4 when s[3] is 1 or 3 => new(s[3], s[1], s[2], false),
            4 when s[1] is 1 or 3 => new(s[1], s[2], s[3], true),
            _ => throw new InvalidDataException($"{source} has shape ({string.Join(", ", s)}); images are [N, H, W, C], [N, C, H, W] or [N, H, W] with C = 3 or 1."),
        };
        long pixels = (long)layout.Height * layout.Width;
        return pixels is > 0 and <= ImageCodec.DefaultMaxPixels
            ? layout with { Range = floating ? range : null }
            : throw new InvalidDataException($"{source} holds images of {layout.Width} x {layout.Height} pixels; from 1 to {ImageCodec.DefaultMaxPixels} pixels are allowed.");
    }

    /// <summary>The values of a block of rows as bytes.</summary>
    public ReadOnlyMemory<byte> Bytes(NpyArray block) =>
        Range is { } range ? Array.ConvertAll(block.ToFloat32(), v => TensorImages.Quantise(v, range)) : block.ToBytes();

    public RgbImage ToImage(ReadOnlySpan<byte> block, int index)
    {
        ReadOnlySpan<byte> from = block.Slice(checked(index * Size), Size);
        int area = Height * Width;
        if (Channels == 3 && !ChannelsFirst)
        {
            return new RgbImage(Width, Height, from.ToArray());
        }

        var pixels = new byte[3 * area];
        for (var c = 0; c < 3; c++)
        {
            ReadOnlySpan<byte> plane = from.Slice(Channels == 1 ? 0 : c * area, area);
            for (var p = 0; p < area; p++)
            {
                pixels[(3 * p) + c] = plane[p];
            }
        }

        return new RgbImage(Width, Height, pixels);
    }
}
