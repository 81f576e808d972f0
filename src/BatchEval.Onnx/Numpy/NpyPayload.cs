namespace BatchEval.Onnx.Numpy;

/// <summary>Reads element bytes without believing what a header says about their number.</summary>
internal static class NpyPayload
{
    private const int FirstChunk = 1 << 24;

    /// <summary>Reads exactly <paramref name="expected"/> bytes; memory grows with what really arrives.</summary>
    /// <param name="stream">At the first byte.</param>
    /// <param name="expected">What the header announces.</param>
    /// <param name="source">Name for messages.</param>
    /// <exception cref="InvalidDataException">The stream ends early, or there are more bytes than one array can hold.</exception>
    public static byte[] Read(Stream stream, long expected, string source)
    {
        if (expected > Array.MaxLength)
        {
            throw new InvalidDataException($"{source} announces {expected} bytes of elements; at most {Array.MaxLength} can be read at once. Read it in rows or split the array.");
        }

        if (stream.CanSeek && stream.Length - stream.Position < expected)
        {
            throw Truncated(stream.Length - stream.Position, expected, source);
        }

        bool trusted = stream.CanSeek;
        var data = new byte[trusted ? expected : Math.Min(expected, FirstChunk)];
        int filled = 0;
        while (true)
        {
            int read = stream.ReadAtLeast(data.AsSpan(filled), data.Length - filled, throwOnEndOfStream: false);
            filled += read;
            if (filled < data.Length)
            {
                throw Truncated(filled, expected, source);
            }

            if (filled == expected)
            {
                return data;
            }

            Array.Resize(ref data, (int)Math.Min(expected, data.Length * 2L));
        }
    }

    /// <summary>Makes sure that nothing follows.</summary>
    /// <exception cref="InvalidDataException">There are more bytes than the header says.</exception>
    public static void ExpectEnd(Stream stream, string source)
    {
        if (stream.ReadByte() >= 0)
        {
            throw new InvalidDataException($"{source} holds more bytes than its header says; the header or the file is damaged.");
        }
    }

    private static InvalidDataException Truncated(long present, long expected, string source) =>
        new($"{source} is truncated: its header announces {expected} bytes of elements, but there are only {present}.");
}
