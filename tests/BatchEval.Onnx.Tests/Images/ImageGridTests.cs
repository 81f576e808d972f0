using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Tests.Images;

public class ImageGridTests
{
    private static readonly RgbImage Dark = new(2, 1, [1, 2, 3, 4, 5, 6]);
    private static readonly RgbImage Light = new(2, 1, [91, 92, 93, 94, 95, 96]);

    [Fact]
    public void Images_are_placed_in_rows_magnified_and_padded_with_white()
    {
        RgbImage sheet = ImageGrid.Compose([Dark, Light, Dark], columns: 2, padding: 1, scale: 2);

        (sheet.Width, sheet.Height).ShouldBe((11, 7));
        Red(sheet).ShouldBe([
            "255 255 255 255 255 255 255 255 255 255 255",
            "255 1 1 4 4 255 91 91 94 94 255",
            "255 1 1 4 4 255 91 91 94 94 255",
            "255 255 255 255 255 255 255 255 255 255 255",
            "255 1 1 4 4 255 255 255 255 255 255",
            "255 1 1 4 4 255 255 255 255 255 255",
            "255 255 255 255 255 255 255 255 255 255 255"]);
        sheet.Row(1)[3..6].ToArray().ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void Without_padding_and_scale_the_images_touch() =>
        ImageGrid.Compose([Dark, Light], columns: 1, padding: 0, scale: 1).Pixels.ShouldBe([.. Dark.Pixels, .. Light.Pixels]);

    [Theory]
    [InlineData(16, 16, 4)]
    [InlineData(28, 28, 3)]
    [InlineData(64, 64, 1)]
    [InlineData(512, 512, 1)]
    [InlineData(100, 1, 64)]
    public void Small_images_are_magnified_by_default(int width, int height, int scale) =>
        ImageGrid.VisibleScale(width, height).ShouldBe(scale);

    [Fact]
    public void By_default_there_are_about_as_many_columns_as_rows()
    {
        RgbImage[] images = [.. Enumerable.Repeat(new RgbImage(16, 16, new byte[768]), 10)];
        RgbImage sheet = ImageGrid.Compose(images);

        (sheet.Width, sheet.Height).ShouldBe(((4 * 66) + 2, (3 * 66) + 2));
    }

    [Fact]
    public void Columns_without_images_are_left_away() => ImageGrid.Compose([Dark], columns: 9, padding: 0, scale: 1).Width.ShouldBe(2);

    [Fact]
    public void What_cannot_be_composed_is_refused()
    {
        Should.Throw<ArgumentException>(() => ImageGrid.Compose([]));
        Should.Throw<ArgumentException>(() => ImageGrid.Compose([Dark, new RgbImage(1, 1, new byte[3])])).Message.ShouldContain("image 1");
        Should.Throw<ArgumentOutOfRangeException>(() => ImageGrid.Compose([Dark], columns: 0));
        Should.Throw<ArgumentOutOfRangeException>(() => ImageGrid.Compose([Dark], padding: -1));
        Should.Throw<ArgumentOutOfRangeException>(() => ImageGrid.Compose([Dark], scale: 0));
        Should.Throw<ArgumentException>(() => ImageGrid.Compose([Dark], scale: 20000)).Message.ShouldContain("megapixels");
        Should.Throw<ArgumentException>(() => ImageGrid.Compose([Dark], scale: int.MaxValue, padding: int.MaxValue));
    }

    private static string[] Red(RgbImage image) =>
        [.. Enumerable.Range(0, image.Height).Select(y => string.Join(' ', image.Row(y).ToArray().Where((_, i) => i % 3 == 0)))];
}
