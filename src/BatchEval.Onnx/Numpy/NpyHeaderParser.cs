using System.Globalization;

namespace BatchEval.Onnx.Numpy;

/// <summary>Reads the text of a header, a Python dictionary such as <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 4), }</c>.</summary>
internal sealed class NpyHeaderParser(string text, string source)
{
    private int position;

    /// <summary>Reads the three keys, in any order, each exactly once.</summary>
    /// <exception cref="InvalidDataException">Anything else.</exception>
    public static NpyHeader Parse(string text, string source) => new NpyHeaderParser(text, source).Dictionary();

    private NpyHeader Dictionary()
    {
        string? descriptor = null;
        bool? fortran = null;
        int[]? shape = null;
        Expect('{');
        while (!Accept('}'))
        {
            string key = Text();
            Expect(':');
            switch (key)
            {
                case "descr" when descriptor is null: descriptor = Descriptor(); break;
                case "fortran_order" when fortran is null: fortran = Boolean(); break;
                case "shape" when shape is null: shape = Shape(); break;
                default: throw Wrong($"has the key '{key}', which is unknown or stands there twice");
            }

            if (!Accept(','))
            {
                Expect('}');
                break;
            }
        }

        if (text.AsSpan(position).Trim().Length > 0)
        {
            throw Wrong("goes on after the closing brace");
        }

        if (descriptor is null || fortran is null || shape is null)
        {
            throw Wrong("needs the keys 'descr', 'fortran_order' and 'shape'");
        }

        (NpyKind kind, bool bigEndian) = NpyKinds.Parse(descriptor, source);
        return new NpyHeader(kind, bigEndian, fortran.Value, shape);
    }

    private string Descriptor()
    {
        if (Peek() == '[')
        {
            throw new InvalidDataException($"{source} holds a structured array (several named fields per element), which is not supported. Save each field as an array of its own: np.savez(path, a=x['a'], b=x['b']).");
        }

        return Text();
    }

    private string Text()
    {
        char quote = Peek();
        if (quote is not ('\'' or '"'))
        {
            throw Wrong($"has no text in quotes at character {position}");
        }

        int end = text.IndexOf(quote, position + 1);
        if (end < 0)
        {
            throw Wrong("has a quote that is never closed");
        }

        string value = text[(position + 1)..end];
        position = end + 1;
        return value;
    }

    private bool Boolean()
    {
        Peek();
        foreach ((string word, bool value) in (ReadOnlySpan<(string, bool)>)[("True", true), ("False", false)])
        {
            if (string.CompareOrdinal(text, position, word, 0, word.Length) == 0)
            {
                position += word.Length;
                return value;
            }
        }

        throw Wrong("needs True or False after 'fortran_order'");
    }

    private int[] Shape()
    {
        var sizes = new List<int>();
        Expect('(');
        while (!Accept(')'))
        {
            sizes.Add(Size());
            if (!Accept(','))
            {
                Expect(')');
                break;
            }
        }

        // A zero dimension makes the product zero whatever the others are, so the others are checked without it.
        Int128 product = 1;
        foreach (int size in sizes.Where(size => size > 0))
        {
            product *= size;
            if (product > long.MaxValue / sizeof(double))
            {
                throw Wrong($"has a shape of more elements than can exist: {NpyHeader.Describe([.. sizes])}");
            }
        }

        return [.. sizes];
    }

    private int Size()
    {
        Peek();
        int start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
        {
            position++;
        }

        if (!int.TryParse(text.AsSpan(start, position - start), NumberStyles.None, CultureInfo.InvariantCulture, out int size))
        {
            throw Wrong($"has a shape whose dimensions are not whole numbers from 0 to {int.MaxValue}");
        }

        // Python 2 wrote long integers as 3L.
        if (position < text.Length && text[position] == 'L')
        {
            position++;
        }

        return size;
    }

    private char Peek()
    {
        while (position < text.Length && char.IsWhiteSpace(text[position]))
        {
            position++;
        }

        return position < text.Length ? text[position] : throw Wrong("ends too early");
    }

    private bool Accept(char expected)
    {
        if (Peek() != expected)
        {
            return false;
        }

        position++;
        return true;
    }

    private void Expect(char expected)
    {
        if (!Accept(expected))
        {
            throw Wrong($"has '{text[position]}' at character {position}, where '{expected}' is needed");
        }
    }

    private InvalidDataException Wrong(string what) => new($"{source} has a broken NumPy header: it {what}.");
}
