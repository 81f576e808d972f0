namespace BatchEval.Onnx.Tests.Numpy;

/// <summary>A stream that cannot seek and hands out few bytes at a time, as a network does.</summary>
internal sealed class OneWayStream(byte[] content) : MemoryStream(content)
{
    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    // The span overload of a derived memory stream calls this one.
    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
}
