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

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly string _source;
    private readonly JpegTables _tables;
    private int _at;
    private int _scans;
    private JpegFrame? _frame;

    /// <summary>Prepares the check of a whole file.</summary>
    public JpegStructure(ReadOnlySpan<byte> bytes, string source)
    {
        _bytes = bytes;
        _source = source;
        _tables = new JpegTables(source);
    }

    public static ReadOnlySpan<byte> Signature => [0xFF, 0xD8];

    /// <summary>Walks from marker to marker until the end of the image.</summary>
    /// <exception cref="InvalidDataException">Truncated, damaged, or a process other than baseline and progressive with 8 bits and 1 or 3 components.</exception>
    public ImageInfo Check()
    {
        _at = Signature.Length;
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
                    _frame = _frame is null ? JpegFrame.Read(marker, frame, _source) : throw JpegProblems.Damaged(_source, "it has two frames");
                    break;
                case 0xC4:
                    _tables.AddHuffman(Segment());
                    break;
                case 0xDB:
                    _tables.AddQuantisation(Segment());
                    break;
                case 0xDA:
                    Scan(Segment());
                    break;
                case 0xDD:
                    if (Segment().Length != 2) throw JpegProblems.Damaged(_source, "its restart interval is malformed");
                    break;
                case 0xDC or 0xFE or (>= 0xE0 and <= 0xEF):
                    Segment();
                    break;
                case >= 0xC3 and <= 0xCF:
                    throw JpegProblems.Unsupported(_source, "is lossless, hierarchical or arithmetically coded");
                default:
                    throw JpegProblems.Damaged(_source, $"it has the unknown marker 0x{marker:X2}");
            }
        }
    }

    private void Scan(ReadOnlySpan<byte> content)
    {
        if (_frame is null)
        {
            throw JpegProblems.Damaged(_source, "a scan comes before the frame");
        }

        if (++_scans > MostScans)
        {
            throw JpegProblems.Unsupported(_source, $"has more than {MostScans} scans");
        }

        _frame.AddScan(content, _tables);
    }

    private readonly ImageInfo End()
    {
        if (_frame is null)
        {
            throw JpegProblems.Damaged(_source, "it has no frame");
        }

        _frame.RequireAllComponents();
        return new ImageInfo(ImageFormat.Jpeg, _frame.Width, _frame.Height);
    }

    // The next 0xFF that is followed by neither padding (0xFF) nor a stuffed zero; what lies between is coefficients or rubbish.
    private byte NextMarker()
    {
        while (true)
        {
            int found = _bytes[_at..].IndexOf((byte)0xFF);
            if (found < 0)
            {
                throw JpegProblems.Truncated(_source);
            }

            _at += found;
            int other = _bytes[_at..].IndexOfAnyExcept((byte)0xFF);
            if (other < 0)
            {
                throw JpegProblems.Truncated(_source);
            }

            _at += other + 1;
            if (_bytes[_at - 1] != 0)
            {
                return _bytes[_at - 1];
            }
        }
    }

    private ReadOnlySpan<byte> Segment()
    {
        int length = _bytes.Length - _at < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(_bytes[_at..]);
        if (length < 2)
        {
            throw JpegProblems.Damaged(_source, $"a segment has the length {length}");
        }

        if (length > _bytes.Length - _at)
        {
            throw JpegProblems.Truncated(_source);
        }

        ReadOnlySpan<byte> content = _bytes.Slice(_at + 2, length - 2);
        _at += length;
        return content;
    }
}
