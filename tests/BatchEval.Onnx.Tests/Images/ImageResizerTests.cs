using System.Text.Json;
using BatchEval.Onnx.Images;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Images;

/// <summary>Against Pillow, PyTorch and TensorFlow 1's rule (tools/golden/resizing.py).</summary>
public sealed class ImageResizerTests
{
    [Theory]
    [InlineData(ResizeMethod.Tf1Bilinear)]
    [InlineData(ResizeMethod.HalfPixelBilinear)]
    [InlineData(ResizeMethod.AntialiasedBicubic)]
    public void Resized_pictures_are_those_of_the_named_library(ResizeMethod method)
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "tests", "Golden", "metrics", "resizing.json")));
        var image = golden.RootElement.GetProperty("image");
        var picture = new RgbImage(
            image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32(), [.. image.GetProperty("pixels").EnumerateArray().Select(v => v.GetByte())]);
        var rows = golden.RootElement.GetProperty("results").EnumerateArray().Where(r => r.GetProperty("method").GetString() == method.Name()).ToArray();
        rows.Length.ShouldBe(6);
        foreach (var row in rows)
        {
            var (width, height) = (row.GetProperty("width").GetInt32(), row.GetProperty("height").GetInt32());
            var resized = ImageResizer.Resize(picture, width, height, method);
            double[] expected = [.. row.GetProperty("values").EnumerateArray().Select(v => v.GetDouble())];
            resized.Select(v => (double)v).ShouldBe(expected, 5e-5, $"{width} x {height}");
        }
    }

    [Fact]
    public void Constant_pictures_stay_constant_and_nothing_is_resized_without_a_name()
    {
        var plain = new RgbImage(5, 4, [.. Enumerable.Repeat((byte)200, 60)]);
        foreach (var method in Enum.GetValues<ResizeMethod>().Skip(1))
        {
            ImageResizer.Resize(plain, 9, 3, method).ShouldAllBe(v => Math.Abs(v - 200) < 1e-4f);
        }

        ImageResizer.Resize(plain, 5, 4, ResizeMethod.None).ShouldAllBe(v => v == 200);
        Should.Throw<ArgumentException>(() => ImageResizer.Resize(plain, 9, 3, ResizeMethod.None)).Message.ShouldContain("tf1-bilinear");
    }

    [Fact]
    public void Names_and_methods_belong_together()
    {
        foreach (var method in Enum.GetValues<ResizeMethod>()) ResizeMethods.Parse(method.Name()).ShouldBe(method);
        ResizeMethods.Parse("lanczos").ShouldBeNull();
    }
}
