using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Tests.Text;

/// <summary>Form C against Python's unicodedata.normalize (Unicode 14).</summary>
public class CanonicalCompositionTests
{
    [Theory]
    [InlineData("xa\u0303y", "x\u00e3y")]
    [InlineData("\u212b", "\u00c5")]
    [InlineData("A\u030a\u0301", "\u01fa")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("d\u0307\u0323", "\u1e0d\u0307")]
    [InlineData("\u1112\u1161\u11ab", "\ud55c")]
    [InlineData("\ud55c", "\ud55c")]
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\u0308\u0301a", "\u0308\u0301a")]
    [InlineData("\ud834\udd5e", "\ud834\udd57\ud834\udd65")]
    [InlineData("plain caf\u00e9 \ud83d\ude00", "plain caf\u00e9 \ud83d\ude00")]
    public void Texts_are_composed(string text, string expected) => CanonicalComposition.Of(text).ShouldBe(expected);
}
