using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Tests.Images;

public class TensorImagesTests
{
    [Theory]
    [InlineData(-1, 0)]
    [InlineData(1, 255)]
    [InlineData(-7, 0)]
    [InlineData(float.PositiveInfinity, 255)]
    [InlineData(0, 128)] // 127.5, half to even
    [InlineData(0.1f, 140)]
    public void Values_are_scaled_rounded_and_clipped(float value, int expected) =>
        TensorImages.Quantise(value, PixelRange.Signed).ShouldBe((byte)expected);

    [Theory]
    [InlineData(0.5f, 0)]
    [InlineData(1.5f, 2)]
    [InlineData(2.5f, 2)]
    [InlineData(253.5f, 254)]
    [InlineData(254.5f, 254)]
    public void Halves_go_to_the_even_level(float value, int expected) =>
        TensorImages.Quantise(value, new PixelRange(0, 255)).ShouldBe((byte)expected);

    [Fact]
    public void Planes_become_interleaved_pixels()
    {
        // Two images of 3 x 1 x 2.
        float[] tensor = [0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1];
        RgbImage[] images = TensorImages.ToImages(tensor, 3, 1, 2, PixelRange.Unit);

        images.Length.ShouldBe(2);
        images[0].Pixels.ShouldBe([0, 0, 255, 255, 0, 0]);
        images[1].Pixels.ShouldBe([255, 255, 255, 255, 255, 255]);
        TensorImages.ToTensor(images, 3, PixelRange.Unit).ShouldBe(tensor);
    }

    [Fact]
    public void Grey_is_repeated_and_read_back()
    {
        RgbImage image = TensorImages.ToImages([-1, 1], 1, 2, 1, PixelRange.Signed).ShouldHaveSingleItem();

        (image.Width, image.Height).ShouldBe((1, 2));
        image.Pixels.ShouldBe([0, 0, 0, 255, 255, 255]);
        TensorImages.ToTensor([image], 1, PixelRange.Signed).ShouldBe([-1f, 1]);
    }

    [Fact]
    public void Every_level_survives_the_way_there_and_back()
    {
        RgbImage all = new(256, 1, [.. Enumerable.Range(0, 256).SelectMany(i => new[] { (byte)i, (byte)(255 - i), (byte)(i ^ 85) })]);
        foreach (PixelRange range in (PixelRange[])[PixelRange.Signed, PixelRange.Unit, new(-3.5, 11)])
        {
            TensorImages.ToImages(TensorImages.ToTensor([all], 3, range), 3, 1, 256, range)[0].Pixels.ShouldBe(all.Pixels);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Should.Throw<ArgumentException>(() => TensorImages.ToImages(new float[4], 4, 1, 1, PixelRange.Unit)).Message.ShouldContain("Latents");
        Should.Throw<ArgumentException>(() => TensorImages.ToImages(new float[5], 3, 1, 1, PixelRange.Unit)).Message.ShouldContain("3 x 1 x 1");
        Should.Throw<ArgumentException>(() => TensorImages.ToImages([float.NaN], 1, 1, 1, PixelRange.Unit)).Message.ShouldContain("NaN");
        Should.Throw<ArgumentException>(() => TensorImages.ToTensor([new RgbImage(1, 1, [1, 2, 3])], 1, PixelRange.Unit)).Message.ShouldContain("in colour");
        Should.Throw<ArgumentException>(() => TensorImages.ToTensor([], 3, PixelRange.Unit));
        Should.Throw<ArgumentException>(() => TensorImages.ToTensor([new RgbImage(1, 1, new byte[3]), new RgbImage(2, 1, new byte[6])], 3, PixelRange.Unit))
            .Message.ShouldContain("image 1 is 2 x 1");
        Should.Throw<ArgumentException>(() => new PixelRange(1, 1));
        Should.Throw<ArgumentException>(() => new PixelRange(double.NaN, 1));
        Should.Throw<ArgumentException>(() => new RgbImage(2, 2, new byte[11])).Message.ShouldContain("12 bytes");
    }
}
