namespace BatchEval.Onnx.Images;

/// <summary>Which quantisation and Huffman tables of a JPEG file have been defined so far (T.81, B.2.4.1 and B.2.4.2).</summary>
internal sealed class JpegTables(string source)
{
    private const int Slots = 4;

    private readonly bool[] quantisation = new bool[Slots];
    private readonly bool[] dc = new bool[Slots];
    private readonly bool[] ac = new bool[Slots];

    public bool HasQuantisation(int slot) => quantisation[slot];

    public bool HasDc(int slot) => slot < Slots && dc[slot];

    public bool HasAc(int slot) => slot < Slots && ac[slot];

    /// <summary>Takes the tables of one DQT segment.</summary>
    public void AddQuantisation(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            (int precision, int slot) = (content[0] >> 4, content[0] & 15);
            int size = 1 + (64 * (1 + precision));
            if (precision > 1 || slot >= Slots || content.Length < size)
            {
                throw JpegProblems.Damaged(source, "a quantisation table is malformed");
            }

            quantisation[slot] = true;
            content = content[size..];
        }
    }

    /// <summary>Takes the tables of one DHT segment.</summary>
    public void AddHuffman(ReadOnlySpan<byte> content)
    {
        const int lengths = 16;
        while (!content.IsEmpty)
        {
            (int kind, int slot) = (content[0] >> 4, content[0] & 15);
            if (kind > 1 || slot >= Slots || content.Length < 1 + lengths)
            {
                throw JpegProblems.Damaged(source, "a Huffman table is malformed");
            }

            int symbols = CountSymbols(content.Slice(1, lengths));
            int size = 1 + lengths + symbols;

            // A DC symbol is a number of bits; more than 15 there cannot be.
            if (symbols > 256 || content.Length < size || (kind == 0 && content[(1 + lengths)..size].IndexOfAnyExceptInRange((byte)0, (byte)15) >= 0))
            {
                throw JpegProblems.Damaged(source, "a Huffman table is malformed");
            }

            (kind == 0 ? dc : ac)[slot] = true;
            content = content[size..];
        }
    }

    // Codes are given out in order of their length; the one of only ones must stay free (T.81, C.2).
    private int CountSymbols(ReadOnlySpan<byte> counts)
    {
        int symbols = 0;
        int code = 0;
        for (int bits = 1; bits <= counts.Length; bits++)
        {
            symbols += counts[bits - 1];
            code += counts[bits - 1];
            if (code >= 1 << bits)
            {
                throw JpegProblems.Damaged(source, "a Huffman table has more codes than fit");
            }

            code <<= 1;
        }

        return symbols;
    }
}
