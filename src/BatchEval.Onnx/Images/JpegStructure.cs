using System.Buffers.Binary;

namespace BatchEval.Onnx.Images;

/// <summary>
/// Checks everything about a JPEG file but the coefficients (ITU-T T.81, annex B). This is not politeness: the decoder's
/// library ends the whole process when it meets a structure it cannot use, and waits for ever for an end that is missing.
/// What passes here it decodes, with warnings at worst.
/// </summary>
internal ref struct JpegStructure
{
    // Ordinary progressive files have about ten scans; each costs a pass over all coefficients.
    private const int MostScans = 100;

    private readonly ReadOnlySpan<byte> bytes;
    private readonly string source;
    private readonly JpegTables tables;
    private int at;
    private int scans;
    private JpegFrame? frame;

    /// <summary>Prepares the check of a whole file.</summary>
    public JpegStructure(ReadOnlySpan<byte> bytes, string source)
    {
        this.bytes = bytes;
        this.source = source;
        tables = new JpegTables(source);
    }

    public static ReadOnlySpan<byte> Signature => [0xFF, 0xD8];

    /// <summary>Walks from marker to marker until the end of the image.</summary>
    /// <exception cref="InvalidDataException">Truncated, damaged, or a process other than baseline and progressive with 8 bits and 1 or 3 components.</exception>
    public ImageInfo Check()
    {
        at = Signature.Length;
        while (true)
        {
            byte marker = NextMarker();
            switch (marker)
            {
                case 0xD9:
                    return End();
                case 0x01 or (>= 0xD0 and <= 0xD7):
                    // Restart markers among the coefficients; no content.
                    break;
                case 0xC0 or 0xC1 or 0xC2:
                    ReadOnlySpan<byte> frame = Segment();
                    this.frame = this.frame is null ? JpegFrame.Read(marker, frame, source) : throw JpegProblems.Damaged(source, "it has two frames");
                    break;
                case 0xC4:
                    tables.AddHuffman(Segment());
                    break;
                case 0xDB:
                    tables.AddQuantisation(Segment());
                    break;
                case 0xDA:
                    Scan(Segment());
                    break;
                case 0xDD:
                    if (Segment().Length != 2) throw JpegProblems.Damaged(source, "its restart interval is malformed");
                    break;
                case 0xDC or 0xFE or (>= 0xE0 and <= 0xEF):
                    Segment();
                    break;
                case >= 0xC3 and <= 0xCF:
                    throw JpegProblems.Unsupported(source, "is lossless, hierarchical or arithmetically coded");
                default:
                    throw JpegProblems.Damaged(source, $"it has the unknown marker 0x{marker:X2}");
            }
        }
    }

    private void Scan(ReadOnlySpan<byte> content)
    {
        if (frame is null)
        {
            throw JpegProblems.Damaged(source, "a scan comes before the frame");
        }

        if (++this.scans > MostScans)
        {
            throw JpegProblems.Unsupported(source, $"has more than {MostScans} scans");
        }

        frame.AddScan(content, tables);
    }

    private readonly ImageInfo End()
    {
        if (frame is null)
        {
            throw JpegProblems.Damaged(source, "it has no frame");
        }

        frame.RequireAllComponents();
        return new ImageInfo(ImageFormat.Jpeg, frame.Width, frame.Height);
    }

    // The next 0xFF that is followed by neither padding (0xFF) nor a stuffed zero; what lies between is coefficients or rubbish.
    private byte NextMarker()
    {
        while (true)
        {
            int found = bytes[at..].IndexOf((byte)0xFF);
            if (found < 0)
            {
                throw JpegProblems.Truncated(source);
            }

            at += found;
            int other = bytes[at..].IndexOfAnyExcept((byte)0xFF);
            if (other < 0)
            {
                throw JpegProblems.Truncated(source);
            }

            at += other + 1;
            if (bytes[at - 1] != 0)
            {
                return bytes[at - 1];
            }
        }
    }

    private ReadOnlySpan<byte> Segment()
    {
        int length = bytes.Length - at < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
        if (length < 2)
        {
            throw JpegProblems.Damaged(source, $"a segment has the length {length}");
        }

        if (length > bytes.Length - at)
        {
            throw JpegProblems.Truncated(source);
        }

        ReadOnlySpan<byte> content = bytes.Slice(at + 2, length - 2);
        at += length;
        return content;
    }
}
