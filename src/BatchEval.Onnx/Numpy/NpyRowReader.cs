namespace BatchEval.Onnx.Numpy;

/// <summary>
/// Reads an array of any size block by block along its first axis, for files that are larger than memory
/// (a reference batch of 50,000 images of 256 x 256 has 9.8 GB).
/// </summary>
internal sealed class NpyRowReader : IDisposable
{
    private readonly Stream stream;
    private readonly string source;
    private int done;

    /// <summary>Reads the header.</summary>
    /// <param name="stream">At the first byte of an array; need not seek; disposed with the reader.</param>
    /// <param name="source">Name of the file or entry, for messages.</param>
    /// <exception cref="InvalidDataException">As <see cref="NpyHeader.Read"/>; or a single number; or Fortran order, whose rows do not lie together.</exception>
    public NpyRowReader(Stream stream, string source)
    {
        Header = NpyHeader.Read(stream, source);
        (this.stream, this.source) = (stream, source);
        if (Header.Shape.Count == 0)
        {
            throw new InvalidDataException($"{source} holds a single number and has no rows.");
        }

        if (Header.FortranOrder && Header.Shape.Count > 1)
        {
            throw new InvalidDataException($"{source} is stored in Fortran order and cannot be read in rows; save np.ascontiguousarray(array).");
        }
    }

    /// <summary>Type and shape of the whole array.</summary>
    public NpyHeader Header { get; }

    /// <summary>Rows not yet read.</summary>
    public int Remaining => Header.Shape[0] - done;

    /// <summary>The next rows, shape [k, ...] with k at most <paramref name="maximum"/>, or null at the end.</summary>
    /// <exception cref="InvalidDataException">The data ends early or goes on after the last row.</exception>
    public NpyArray? ReadRows(int maximum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        int rows = Math.Min(maximum, Remaining);
        if (rows == 0)
        {
            return null;
        }

        long rowBytes = Header.ByteCount / Header.Shape[0];
        byte[] data = NpyPayload.Read(stream, rows * rowBytes, $"{source} (from row {done})");
        done += rows;
        if (Remaining == 0)
        {
            NpyPayload.ExpectEnd(stream, source);
        }

        return new NpyArray(Header.Kind, [rows, .. Header.Shape.Skip(1)], NpyLayout.Normalise(Header, data));
    }

    public void Dispose() => stream.Dispose();
}
