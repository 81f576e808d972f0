namespace BatchEval.Onnx.Runtime;

/// <summary>What has been opened of something that needs several parts: disposed of, unless all of it could be opened, so that a later attempt has its memory.</summary>
public sealed class OpenParts : IDisposable
{
    private readonly Stack<IDisposable> parts = new();

    /// <summary>Notes a part.</summary>
    public T Add<T>(T part)
        where T : IDisposable
    {
        parts.Push(part);
        return part;
    }

    /// <summary>All is open: the parts belong to what they were opened for.</summary>
    public void Keep() => parts.Clear();

    public void Dispose()
    {
        while (parts.TryPop(out var part))
        {
            part.Dispose();
        }
    }
}
