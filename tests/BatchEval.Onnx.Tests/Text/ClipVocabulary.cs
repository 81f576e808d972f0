using System.IO.Compression;
using BatchEval.Onnx.Text;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Text;

/// <summary>CLIP's published merges, third-party data that lies beside a checkout and not in it.</summary>
internal static class ClipVocabulary
{
    private const int Merges = 48894;

    public static string File { get; } = Path.GetFullPath(Path.Combine(RepoPaths.Root, "..", "shared", "data", "clip", "bpe_simple_vocab_16e6.txt.gz")) is var beside && System.IO.File.Exists(beside)
        ? beside : "/work/shared/data/clip/bpe_simple_vocab_16e6.txt.gz";

    /// <summary>The tokenizer as openai/CLIP builds it: bytes, bytes that end a word, merges, start, end.</summary>
    public static ClipTokenizer Tokenizer(string? padding = null)
    {
        using var text = new StreamReader(new GZipStream(System.IO.File.OpenRead(File), CompressionMode.Decompress));
        var lines = text.ReadToEnd().Split('\n').Skip(1).Take(Merges).ToList();
        string[] bytes = [.. ByteCharacters()];
        string[] tokens = [.. bytes, .. bytes.Select(b => b + "</w>"), .. lines.Select(l => l.Replace(" ", "", StringComparison.Ordinal)), "<|startoftext|>", "<|endoftext|>"];
        return new ClipTokenizer(tokens.Select((t, i) => (t, i)).ToDictionary(t => t.t, t => t.i, StringComparer.Ordinal), lines, padding);
    }

    // The GPT-2 table: printable Latin-1 bytes stand for themselves, the 68 others for U+0100 onwards, after them.
    private static IEnumerable<string> ByteCharacters()
    {
        int[] printable = [.. Enumerable.Range('!', '~' - '!' + 1), .. Enumerable.Range(0xA1, 0xAC - 0xA1 + 1), .. Enumerable.Range(0xAE, 0xFF - 0xAE + 1)];
        return printable.Select(c => ((char)c).ToString()).Concat(Enumerable.Range(0, 256 - printable.Length).Select(i => ((char)(256 + i)).ToString()));
    }
}

/// <summary>A theory that needs CLIP's vocabulary and says so where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ClipTheoryAttribute : TheoryAttribute
{
    public ClipTheoryAttribute()
    {
        if (!File.Exists(ClipVocabulary.File))
        {
            Skip = $"CLIP's vocabulary ({ClipVocabulary.File}) is third-party data outside the repository and is not here.";
        }
    }
}
