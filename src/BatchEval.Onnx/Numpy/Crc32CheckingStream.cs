using System.IO.Hashing;

namespace BatchEval.Onnx.Numpy;

/// <summary>
/// Passes an archive entry through and compares its CRC-32 at the end: the zip library checks no sums, and an entry stored without compression would show damage in no other way.
/// </summary>
internal sealed class Crc32CheckingStream(Stream inner, uint expected, string source) : Stream
{
    private readonly Crc32 sum = new();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

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

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

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
