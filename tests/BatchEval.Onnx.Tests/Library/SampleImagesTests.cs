using BatchEval.Onnx.Images;
using BatchEval.Tests.Shared;
using Samples;

namespace BatchEval.Onnx.Tests.Library;

/// <summary>The sample of docs/library.md that uses Onnx.</summary>
public sealed class SampleImagesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-library").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void It_writes_a_picture_of_sixteen_different_digits()
    {
        var file = Path.Combine(folder, "digits.png");
        SampleImages.Run(Path.Combine(RepoPaths.Samples, "digits"), file);
        var picture = ImageCodec.Decode(File.ReadAllBytes(file));
        picture.Width.ShouldBe(picture.Height);
        picture.Pixels.Max().ShouldBeGreaterThan((byte)200);
        var quarter = picture.Width / 4;
        Enumerable.Range(0, 16).Select(i => Convert.ToHexString(picture.Row((i / 4 * quarter) + (quarter / 2)).Slice(i % 4 * quarter * 3, quarter * 3))).Distinct().Count().ShouldBe(16);
    }

    [Fact]
    public void It_stands_in_the_page_as_it_is() =>
        File.ReadAllText(Path.Combine(RepoPaths.Root, "docs", "library.md")).ShouldContain(File.ReadAllText(Path.Combine(RepoPaths.Samples, "library", "SampleImages.cs")).TrimEnd(), Case.Sensitive);
}
