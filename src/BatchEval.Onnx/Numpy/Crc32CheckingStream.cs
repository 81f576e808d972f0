using System.IO.Hashing;

namespace BatchEval.Onnx.Numpy;

/// <summary>
/// Passes an archive entry through and compares its CRC-32 at the end: the zip library checks no sums, and an entry stored without compression would show damage in no other way.
/// </summary>
internal sealed class Crc32CheckingStream(Stream inner, uint expected, string source) : Stream
{
    private readonly Crc32 sum = new();

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
        sum.Append(buffer[..read]);
        if (read == 0 && buffer.Length > 0 && sum.GetCurrentHashAsUInt32() != expected)
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
            throw new InvalidDataException($"{source} is damaged: its compressed data cannot be unpacked.", error);
        }
    }
}
