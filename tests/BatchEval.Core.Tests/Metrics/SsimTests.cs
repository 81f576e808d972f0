using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Metrics;

public class SsimTests
{
    private static readonly SsimOptions Bytes = new(255);

    [Fact]
    public void Identical_images_are_exactly_one_and_the_index_is_symmetric()
    {
        var shape = new ImageShape(3, 16, 20);
        var (a, b) = (Picture(shape, 1), Picture(shape, 2));
        Ssim.OfImage(a, a, shape, Bytes).ShouldBe(1, 1e-14);
        Ssim.OfImage(a, b, shape, Bytes).ShouldBe(Ssim.OfImage(b, a, shape, Bytes), 1e-14);
        Ssim.OfImage(a, b, shape, Bytes).ShouldBeInRange(-1, 1);
    }

    [Fact]
    public void Constant_images_have_the_closed_form()
    {
        // Only the luminance term is left: (2 a b + C1) / (a^2 + b^2 + C1).
        var shape = new ImageShape(1, 11, 11);
        var (a, b) = (Enumerable.Repeat(100f, 121).ToArray(), Enumerable.Repeat(150f, 121).ToArray());
        var c1 = 2.55 * 2.55;
        Ssim.OfImage(a, b, shape, Bytes).ShouldBe(((2 * 100 * 150) + c1) / ((100 * 100) + (150 * 150) + c1), 1e-9);
    }

    [Fact]
    public void The_value_range_only_scales()
    {
        var shape = new ImageShape(1, 24, 17);
        var (a, b) = (Picture(shape, 1), Picture(shape, 2));
        var expected = Ssim.OfImage(a, b, shape, Bytes);
        Ssim.OfImage(Array.ConvertAll(a, v => v / 256), Array.ConvertAll(b, v => v / 256), shape, new SsimOptions(255.0 / 256)).ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void Images_smaller_than_the_window_are_refused_with_the_window_that_fits()
    {
        var shape = new ImageShape(1, 8, 30);
        var a = Picture(shape, 1);
        var message = Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, shape, Bytes)).Message;
        message.ShouldContain("8 x 30");
        message.ShouldContain("7 pixels");
        Ssim.OfImage(a, a, shape, new SsimOptions(255, WindowSize: 7)).ShouldBe(1, 1e-14);
    }

    [Fact]
    public void Multi_scale_identity_and_limits()
    {
        var shape = new ImageShape(2, 176, 180);
        var a = Picture(shape, 1);
        MultiScaleSsim.OfImage(a, a, shape, Bytes).ShouldBe(1, 1e-12);
        MultiScaleSsim.OfImage(a, Array.ConvertAll(a, v => 255 - v), shape, Bytes).ShouldBe(0);
        var small = new ImageShape(1, 64, 64);
        var b = Picture(small, 1);
        Should.Throw<ArgumentException>(() => MultiScaleSsim.OfImage(b, b, small, Bytes)).Message.ShouldContain("176 pixels");
        Should.Throw<ArgumentException>(() => MultiScaleSsim.OfImage(b, b, small, Bytes, [])).Message.ShouldContain("at least one weight");
        Should.Throw<ArgumentException>(() => MultiScaleSsim.OfImage(b, b, small, Bytes, [-0.5])).Message.ShouldContain("none below 0");
        MultiScaleSsim.OfImage(b, Picture(small, 2), small, Bytes, [0.0]).ShouldBe(1);
        MultiScaleSsim.OfImage(b, Picture(small, 2), small, Bytes, [1.0]).ShouldBe(Math.Max(0, Ssim.OfImage(b, Picture(small, 2), small, Bytes)), 1e-14);
    }

    [Fact]
    public void Bad_options_and_pixels_are_refused_by_name()
    {
        var shape = new ImageShape(1, 16, 16);
        var a = Picture(shape, 1);
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, shape, new SsimOptions(255, WindowSize: 10))).Message.ShouldContain("odd");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, new ImageShape(3, 16, 16), Bytes)).Message.ShouldContain("768");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a.AsSpan(0, 255), shape, Bytes)).Message.ShouldContain("the image has 256 and the reference 255");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a.AsSpan(0, 255), a, shape, Bytes)).Message.ShouldContain("the image has 255 and the reference 256");
        foreach (var empty in new[] { new ImageShape(0, 16, 16), new ImageShape(1, 0, 16), new ImageShape(1, 16, 0) })
            Should.Throw<ArgumentException>(() => Ssim.OfImage([], [], empty, Bytes)).Message.ShouldContain("is empty");
        Should.Throw<ArgumentException>(() => Ssim.OfImage([1], [1], new ImageShape(1, 1, 1), Bytes)).Message.ShouldEndWith("smaller than the SSIM window of 11 x 11.");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a.AsSpan(0, 9), a.AsSpan(0, 9), new ImageShape(1, 3, 3), Bytes)).Message.ShouldContain("A window of 3 pixels would fit");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, shape, new SsimOptions(255, WindowSize: 1))).Message.ShouldContain("from 3 on");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, shape, new SsimOptions(255, Sigma: 0))).Message.ShouldContain("sigma 0");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, shape, new SsimOptions(255, K1: 0))).Message.ShouldContain("K1 = 0");
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, shape, new SsimOptions(255, K2: 0))).Message.ShouldContain("K2 = 0");
        Ssim.OfImage(a.AsSpan(0, 9), a.AsSpan(0, 9), new ImageShape(1, 3, 3), new SsimOptions(255, WindowSize: 3)).ShouldBe(1, 1e-14);
        a[18] = float.NaN;
        Should.Throw<ArgumentException>(() => Ssim.OfImage(a, a, shape, Bytes)).Message.ShouldContain("Pixel 18 of channel 0");
    }

    private static float[] Picture(ImageShape shape, ulong seed)
    {
        var stream = new PhiloxStream(seed, 3);
        return [.. Enumerable.Range(0, shape.Length).Select(_ => (float)stream.NextInt(256))];
    }
}
