using System.Text.Json;
using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Core.Tests.Metrics.Golden;

/// <summary>PSNR, SSIM and MS-SSIM against scikit-image and direct formulas.</summary>
public class ImageGoldenTests
{
    private static readonly JsonElement Images = GoldenFiles.Json("images.json");

    public static TheoryData<string> PairNames => [.. Images.GetProperty("pairs").EnumerateArray().Select(s => s.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(PairNames))]
    public void Pairs(string name)
    {
        var expected = Images.GetProperty("pairs").EnumerateArray().Single(p => p.GetProperty("name").GetString() == name);
        var (a, height, width) = GoldenFiles.Image(name + "-a");
        var b = GoldenFiles.Image(name + "-b").Pixels;
        var shape = new ImageShape(1, height, width);
        Psnr.OfImage(a, b, 255).ShouldBe(expected.GetProperty("psnr").GetDouble(), 1e-11);
        Ssim.OfImage(a, b, shape, new SsimOptions(255)).ShouldBe(expected.GetProperty("ssim").GetDouble(), 1e-10);
        if (expected.TryGetProperty("msSsim", out var multiScale))
            MultiScaleSsim.OfImage(a, b, shape, new SsimOptions(255)).ShouldBe(multiScale.GetDouble(), 1e-10);
    }

    [Fact]
    public void Colour_images_in_minus_one_to_one()
    {
        var colour = Images.GetProperty("colour");
        var names = colour.GetProperty("channels").Deserialize<string[]>()!;
        var (a, b) = (Stack(names, "-a"), Stack(names, "-b"));

        // float32 pixels carry 24 bits; hence 1e-6 instead of 1e-11.
        Psnr.OfImage(a, b, 2).ShouldBe(colour.GetProperty("psnr").GetDouble(), 1e-6);
        Ssim.OfImage(a, b, new ImageShape(3, 32, 32), new SsimOptions(2)).ShouldBe(colour.GetProperty("ssim").GetDouble(), 1e-6);
    }

    [Fact]
    public void Both_conventions_of_psnr()
    {
        var pooled = Images.GetProperty("pooled");
        var pairs = pooled.GetProperty("images").Deserialize<string[]>()!.Select(name => (A: GoldenFiles.Image(name + "-a").Pixels, B: GoldenFiles.Image(name + "-b").Pixels)).ToList();
        double[] values = [.. pairs.Select(p => Psnr.OfImage(p.A, p.B, 255))];
        int[] sizes = [.. pairs.Select(p => p.A.Length)];
        Reduced("psnr").ShouldBe(pooled.GetProperty("meanOfPsnr").GetDouble(), 1e-11);
        Reduced("psnr-pooled-error").ShouldBe(pooled.GetProperty("psnrOfMeanError").GetDouble(), 1e-11);

        double Reduced(string metric) => MetricCatalog.All.Single(m => m.Key == metric).Reduce!(values, sizes).Value;
    }

    private static float[] Stack(string[] names, string suffix) =>
        [.. names.SelectMany(name => GoldenFiles.Image(name + suffix).Pixels).Select(v => (float)((v / 127.5) - 1))];
}
