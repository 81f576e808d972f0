using System.Buffers.Binary;
using System.Text;

namespace BatchEval.Onnx.Images;

/// <summary>
/// Checks the chunks of a PNG file (W3C PNG specification, third edition). The decoder ignores a missing end and does not
/// know interlacing, so both are found here; damaged content it finds itself, by the checksums.
/// </summary>
internal static class PngStructure
{
    private const int ChunkOverhead = 12;

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Walks from the signature to the end chunk.</summary>
    /// <exception cref="InvalidDataException">Truncated, damaged, or interlaced.</exception>
    public static ImageInfo Check(ReadOnlySpan<byte> bytes, string source)
    {
        ImageInfo? info = null;
        bool hasData = false;
        for (int at = Signature.Length; ;)
        {
            if (bytes.Length - at < ChunkOverhead)
            {
                throw Truncated(source);
            }

            uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
            if (length > bytes.Length - at - ChunkOverhead)
            {
                throw Truncated(source);
            }

            ReadOnlySpan<byte> type = bytes.Slice(at + 4, 4);
            ReadOnlySpan<byte> content = bytes.Slice(at + 8, (int)length);
            if (info is null)
            {
                info = Header(type, content, source);
            }
            else if (type.SequenceEqual("IHDR"u8))
            {
                throw new InvalidDataException($"{source} is a damaged PNG image: it has two headers.");
            }

            hasData |= type.SequenceEqual("IDAT"u8);
            if (type.SequenceEqual("IEND"u8))
            {
                return hasData ? info : throw new InvalidDataException($"{source} is a damaged PNG image: it has no pixels (IDAT).");
            }

            at += ChunkOverhead + (int)length;
        }
    }

    private static ImageInfo Header(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content, string source)
    {
        if (!type.SequenceEqual("IHDR"u8) || content.Length != 13)
        {
            throw new InvalidDataException($"{source} is a damaged PNG image: it begins with '{Encoding.Latin1.GetString(type)}' instead of a header.");
        }

        uint width = BinaryPrimitives.ReadUInt32BigEndian(content);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
        {
            throw new InvalidDataException($"{source} is a damaged PNG image: its size is {width} x {height}.");
        }

        return content[12] == 0
            ? new ImageInfo(ImageFormat.Png, (int)width, (int)height)
            : throw new InvalidDataException($"{source} is an interlaced PNG image, which is not supported; save it without interlacing.");
    }

    private static InvalidDataException Truncated(string source) => new($"{source} is a truncated PNG image: it ends before its last part.");
}
