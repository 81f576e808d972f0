using System.Globalization;
using System.Text;

namespace BatchEval.Onnx.Text;

/// <summary>
/// Unicode normalization form C (UAX 15). The runtime's own needs the ICU library, which small container images do not have and which this program
/// therefore does without.
/// </summary>
internal static class CanonicalComposition
{
    private const int HangulFirst = 0xAC00;
    private const int Leads = 0x1100;
    private const int Vowels = 0x1161;
    private const int Trails = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private static readonly Lazy<Tables> Unicode = new(Tables.Read);

    /// <summary>A text in form C.</summary>
    public static string Of(string text)
    {
        if (text.All(c => c < 0x300))
        {
            return text;
        }

        var runes = new List<int>();
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, runes);
        }

        Order(runes);
        Compose(runes);
        return string.Concat(runes.Select(r => new Rune(r).ToString()));
    }

    private static void Decompose(int code, List<int> to)
    {
        if (code is >= HangulFirst and < HangulFirst + (LeadCount * VowelCount * TrailCount))
        {
            var index = code - HangulFirst;
            to.AddRange([Leads + (index / (VowelCount * TrailCount)), Vowels + (index / TrailCount % VowelCount)]);
            if (index % TrailCount > 0)
            {
                to.Add(Trails + (index % TrailCount));
            }
        }
        else if (Unicode.Value.Decompositions.TryGetValue(code, out var parts))
        {
            Array.ForEach(parts, part => Decompose(part, to));
        }
        else
        {
            to.Add(code);
        }
    }

    private static int ClassOf(int code) => Unicode.Value.Classes.GetValueOrDefault(code);

    // Marks behind a character are sorted by class, those of one class left in order.
    private static void Order(List<int> runes)
    {
        for (var i = 1; i < runes.Count; i++)
        {
            for (var j = i; j > 0 && ClassOf(runes[j]) is > 0 and var c && ClassOf(runes[j - 1]) > c; j--)
            {
                (runes[j - 1], runes[j]) = (runes[j], runes[j - 1]);
            }
        }
    }

    private static void Compose(List<int> runes)
    {
        var (starter, last) = (-1, 0);
        for (var i = 0; i < runes.Count; i++)
        {
            var c = ClassOf(runes[i]);
            var blocked = i - 1 > starter && (last == 0 || last >= c);
            if (starter >= 0 && !blocked && Pair(runes[starter], runes[i]) is { } composed)
            {
                runes[starter] = composed;
                runes.RemoveAt(i--);
            }
            else
            {
                (starter, last) = c == 0 ? (i, 0) : (starter, c);
            }
        }
    }

    private static int? Pair(int first, int second)
    {
        if (first is >= Leads and < Leads + LeadCount && second is >= Vowels and < Vowels + VowelCount)
        {
            return HangulFirst + ((((first - Leads) * VowelCount) + second - Vowels) * TrailCount);
        }

        if (first is >= HangulFirst and < HangulFirst + (LeadCount * VowelCount * TrailCount) && (first - HangulFirst) % TrailCount == 0 && second is > Trails and < Trails + TrailCount)
        {
            return first + second - Trails;
        }

        return Unicode.Value.Compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private sealed record Tables(Dictionary<int, int[]> Decompositions, Dictionary<(int, int), int> Compositions, Dictionary<int, int> Classes)
    {
        public static Tables Read()
        {
            var tables = new Tables([], [], []);
            using var stream = typeof(CanonicalComposition).Assembly.GetManifestResourceStream("nfc.txt") ?? throw new InvalidOperationException("nfc.txt is not embedded.");
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                tables.Add(line.Split(' '));
            }

            return tables;
        }

        private void Add(string[] parts)
        {
            switch (parts[0])
            {
                case "c":
                    for (var code = Number(parts[1]); code <= Number(parts[2]); code++)
                    {
                        Classes[code] = int.Parse(parts[3], CultureInfo.InvariantCulture);
                    }

                    break;
                case "d" or "x":
                    int[] decomposition = [.. parts.Skip(2).Select(Number)];
                    Decompositions[Number(parts[1])] = decomposition;
                    if (parts[0] == "d")
                    {
                        Compositions[(decomposition[0], decomposition[1])] = Number(parts[1]);
                    }

                    break;
            }
        }

        private static int Number(string hex) => int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
