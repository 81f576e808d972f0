using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace BatchEval.Onnx.Text;

/// <summary>Tokens of one text.</summary>
/// <param name="Ids">A whole row: start, tokens, end, padding.</param>
/// <param name="Lost">Text that did not fit, or null.</param>
internal sealed record TokenRow(IReadOnlyList<int> Ids, string? Lost);

/// <summary>
/// The tokenizer of CLIP (openai/CLIP, simple_tokenizer.py) as Hugging Face's fast class computes it: NFC, lower case, byte-level merges with the
/// suffix <c>&lt;/w&gt;</c>. Texts are not repaired as the Python package ftfy does.
/// </summary>
internal sealed partial class ClipTokenizer
{
    private const string Start = "<|startoftext|>";
    private const string End = "<|endoftext|>";
    private const string Suffix = "</w>";
    private readonly BpeTokenizer tokenizer;
    private readonly int start;
    private readonly int end;

    /// <summary>Puts a tokenizer together.</summary>
    /// <param name="vocabulary">Ids by token.</param>
    /// <param name="merges">Pairs in rank order, <c>a b</c>.</param>
    /// <param name="padding">The token that fills a row; null for the end token.</param>
    /// <param name="length">Ids in a row.</param>
    /// <exception cref="ProblemException">The vocabulary has no end token.</exception>
    public ClipTokenizer(IReadOnlyDictionary<string, int> vocabulary, IEnumerable<string> merges, string? padding = null, int length = 77)
    {
        int Id(string token) => vocabulary.TryGetValue(token, out var id) ? id : throw new ProblemException($"The vocabulary of the tokenizer has no token '{token}'.");
        (start, end, Length, Padding) = (Id(Start), Id(End), length, Id(padding ?? End));
        tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = [.. merges.Select(m => m.Trim()).Where(m => m.Length > 0 && !m.StartsWith("#version", StringComparison.Ordinal))],
            ByteLevel = true,
            EndOfWordSuffix = Suffix,
            UnknownToken = End,
            SpecialTokens = new Dictionary<string, int> { [Start] = start, [End] = end },
            PreTokenizer = new RegexPreTokenizer(Pieces(), new Dictionary<string, int> { [Start] = start, [End] = end }),
            Normalizer = new LowerCaseNormalizer(),
        });
    }

    /// <summary>Ids in a row.</summary>
    public int Length { get; }

    /// <summary>The id that fills a row.</summary>
    public int Padding { get; }

    /// <summary>Reads a tokenizer from a model's folder.</summary>
    /// <exception cref="ProblemException">A file is missing or no tokenizer.</exception>
    public static ClipTokenizer Open(string folder)
    {
        string[] missing = [.. new[] { "vocab.json", "merges.txt" }.Where(f => !File.Exists(Path.Combine(folder, f)))];
        if (missing.Length > 0)
        {
            throw new ProblemException($"The tokenizer folder '{folder}' has no {string.Join(" and no ", missing)}; a CLIP tokenizer is read from vocab.json and merges.txt.");
        }

        try
        {
            var vocabulary = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(Path.Combine(folder, "vocab.json")))!;
            return new ClipTokenizer(vocabulary, File.ReadLines(Path.Combine(folder, "merges.txt")), PaddingOf(folder), LengthOf(folder));
        }
        catch (JsonException error)
        {
            throw new ProblemException($"The tokenizer folder '{folder}' cannot be read: {error.Message}");
        }
    }

    /// <summary>Tokens without start, end and padding.</summary>
    public IReadOnlyList<int> Encode(string text) => tokenizer.EncodeToIds(Clean(text));

    /// <summary>A whole row; text that does not fit is cut off behind the first tokens, as diffusers does.</summary>
    public TokenRow Row(string text)
    {
        var ids = Encode(text);
        var room = Length - 2;
        var lost = ids.Count > room ? Clean(text)[LengthOfFirst(text, room)..].Trim() : null;
        return new TokenRow([start, .. ids.Take(room), end, .. Enumerable.Repeat(Padding, Math.Max(0, room - ids.Count))], lost);
    }

    // Python lowers a dotted capital I to two characters; .NET leaves it as it is.
    private static string Clean(string text) => WhiteSpace().Replace(CanonicalComposition.Of(text).Replace("\u0130", "i\u0307", StringComparison.Ordinal), " ").Trim();

    private int LengthOfFirst(string text, int tokens)
    {
        var kept = tokenizer.EncodeToTokens(Clean(text), out _).Take(tokens).ToList();
        return kept.Count == 0 ? 0 : kept[^1].Offset.End.Value;
    }

    // The padding token is "!" for SDXL's second tokenizer and SD 2, and only this file says so.
    private static string? PaddingOf(string folder) =>
        Token(Path.Combine(folder, "special_tokens_map.json")) ?? Token(Path.Combine(folder, "tokenizer_config.json"));

    private static string? Token(string file)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        using var document = JsonDocument.Parse(File.ReadAllText(file));
        return document.RootElement.TryGetProperty("pad_token", out var token)
            ? token.ValueKind == JsonValueKind.Object ? token.GetProperty("content").GetString() : token.GetString()
            : null;
    }

    private static int LengthOf(string folder)
    {
        var file = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(file))
        {
            return 77;
        }

        using var document = JsonDocument.Parse(File.ReadAllText(file));
        return document.RootElement.TryGetProperty("model_max_length", out var length) && length.TryGetInt32(out var number) && number is > 2 and <= 4096 ? number : 77;
    }

    [GeneratedRegex(@"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pieces();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
