namespace BatchEval.Onnx.Numpy;

/// <summary>
/// Passes an archive entry through and compares its CRC-32 (polynomial 0xEDB88320, as zip defines it) at the end:
/// the library checks no sums, and an entry stored without compression would show damage in no other way.
/// </summary>
internal sealed class Crc32CheckingStream(Stream inner, uint expected, string source) : Stream
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(Entry)];

    private uint state = uint.MaxValue;

    /// <inheritdoc />
    public override bool CanRead => true;

    /// <inheritdoc />
    public override bool CanSeek => false;

    /// <inheritdoc />
    public override bool CanWrite => false;

    /// <inheritdoc />
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc />
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc />
    public override int Read(Span<byte> buffer)
    {
        int read = ReadInner(buffer);
        uint state = this.state;
        foreach (byte value in buffer[..read])
        {
            state = (state >> 8) ^ Table[(byte)state ^ value];
        }

        this.state = state;
        if (read == 0 && buffer.Length > 0 && ~state != expected)
        {
            throw new InvalidDataException($"{source} is damaged: its checksum does not match its content.");
        }

        return read;
    }

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc />
    public override void Flush()
    {
    }

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int ReadInner(Span<byte> buffer)
    {
        try
        {
            return inner.Read(buffer);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{source} is damaged: {error.Message}", error);
        }
    }

    private static uint Entry(int index)
    {
        uint value = (uint)index;
        for (int bit = 0; bit < 8; bit++)
        {
            value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
        }

        return value;
    }
}
