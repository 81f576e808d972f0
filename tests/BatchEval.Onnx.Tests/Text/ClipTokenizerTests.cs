using BatchEval.Core.Json;
using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Tests.Text;

/// <summary>
/// Ids of texts. Source: openai/CLIP's merges, own reference implementation; those of the first block also in published tests of
/// apple/ml-stable-diffusion, elixir-nx/bumblebee, ekzhang/jax-js and the documentation of transformers.
/// </summary>
public sealed class ClipTokenizerTests
{
    private static readonly Lazy<ClipTokenizer> Clip = new(() => ClipVocabulary.Tokenizer());

    [ClipTheory]
    [InlineData("", "")]
    [InlineData("a photo of a cat", "320 1125 539 320 2368")]
    [InlineData("A PHOTO of  a Cat!", "320 1125 539 320 2368 256")]
    [InlineData("a photo of an astronaut riding a horse on mars", "320 1125 539 550 18376 6765 320 4558 525 7496")]
    [InlineData("Hello, world!", "3306 267 1002 256")]
    [InlineData("Special characters: !@#$%^&*()", "1689 6564 281 0 31 2 3 4 61 5 9 8475")]
    [InlineData("😀 😃 😄", "7334 8520 7624")]
    [InlineData("你好世界", "47466 254 29290 121 19759 244 163 243 490")]
    [InlineData("Apple CoreML developer tools on a Macbook Air are fast", "3055 19622 5780 10929 5771 525 320 20617 1922 631 1953")]
    [InlineData("1girl, 2024-12-31", "272 1611 267 273 271 273 275 268 272 273 268 274 272")]
    [InlineData("don't they're I'll we've I'd I'm it's", "847 713 889 982 328 1342 649 1200 328 1896 328 880 585 568")]
    [InlineData("A\n'll 11p223RF☆ho!!to?'d'd''d of a cat to-$''d.", "320 1342 272 272 335 273 273 274 16368 13439 2971 748 531 13610 323 1896 8445 323 539 320 2368 531 12 3 8445 323 269")]
    [InlineData("xa\u0303y x\u00e3y", "87 19339 344 87 19339 344")]
    [InlineData("café naïve Ærøskøbing", "15304 1097 35689 563 42495 81 17483 909 17483 5665")]
    [InlineData("masterpiece, (best quality:1.2), ultra-detailed!!!", "12066 267 263 949 3027 281 272 269 273 2361 8118 268 12609 995")]
    [InlineData("a bowl of <|endoftext|> soup", "320 3814 539 49407 7077")]
    [InlineData("low quality, worst quality, jpeg artifacts", "1042 3027 267 5719 3027 267 73 11207 30249")]
    [InlineData("three zebras standing in a field of grass, 50mm f/1.8", "2097 2254 22611 2862 530 320 1570 539 5922 267 276 271 2848 325 270 272 269 279")]
    [InlineData("a\ncat", "320 2368")]
    [InlineData("\u0130stanbul", "328 16384 11231")]
    public void Texts_have_the_published_ids(string text, string ids) => string.Join(' ', Clip.Value.Encode(text)).ShouldBe(ids);

    [ClipTheory]
    [InlineData(null, 49407)]
    [InlineData("!", 0)]
    public void A_row_is_start_tokens_end_and_the_padding_of_its_tokenizer(string? padding, int id)
    {
        var row = ClipVocabulary.Tokenizer(padding).Row("a cat");
        row.Ids.ShouldBe([49406, 320, 2368, 49407, .. Enumerable.Repeat(id, 73)]);
        row.Lost.ShouldBeNull();
    }

    [ClipTheory]
    [InlineData(100)]
    public void A_text_that_is_too_long_keeps_its_first_75_tokens_and_says_what_was_lost(int words)
    {
        var row = Clip.Value.Row(string.Concat(Enumerable.Repeat("a ", words)));
        row.Ids.ShouldBe([49406, .. Enumerable.Repeat(320, 75), 49407]);
        row.Lost.ShouldBe(string.Join(' ', Enumerable.Repeat("a", words - 75)));
    }

    // Source: huggingface/transformers, tests/models/clip/test_tokenization_clip.py.
    [Fact]
    public void Merges_apply_by_rank_whatever_the_vocabulary()
    {
        string[] tokens = ["l", "o", "w", "e", "r", "s", "t", "i", "d", "n", "lo", "l</w>", "w</w>", "r</w>", "t</w>", "low</w>", "er</w>", "lowest</w>", "newer</w>", "wider", "<unk>", "<|startoftext|>", "<|endoftext|>"];
        var tokenizer = new ClipTokenizer(tokens.Select((t, i) => (t, i)).ToDictionary(t => t.t, t => t.i), ["#version: 0.2", "l o", "lo w</w>", "e r</w>"]);
        tokenizer.Encode("lower newer").ShouldBe([10, 2, 16, 9, 3, 2, 16]);
    }

    [Fact]
    public void A_folder_without_a_vocabulary_is_refused_by_name()
    {
        var folder = Directory.CreateTempSubdirectory("batcheval-tokenizer-");
        Should.Throw<ProblemException>(() => ClipTokenizer.Open(folder.FullName)).Message.ShouldContain("has no vocab.json and no merges.txt");
        folder.Delete();
    }
}
