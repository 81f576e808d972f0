using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Randomness;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Metrics;

public class PsnrTests
{
    [Fact]
    public void The_example_of_torchmetrics()
    {
        Psnr.OfImage([0, 1, 2, 3], [3, 2, 1, 0], 3).ShouldBe(2.5527250510330606, 1e-12);
        Reduced("psnr-pooled-error", 2, Psnr.OfImage([0, 1], [3, 2], 3), Psnr.OfImage([2, 3], [1, 0], 3)).ShouldBe(2.5527250510330606, 1e-12);
    }

    [Fact]
    public void Identical_images_are_infinite_alone_and_capped_in_the_mean()
    {
        Psnr.OfImage([1, 2], [1, 2], 255).ShouldBe(double.PositiveInfinity);
        Psnr.OfImage([0], [255], 255).ShouldBe(0);
        Reduced("psnr-pooled-error", 2, double.PositiveInfinity).ShouldBe(double.PositiveInfinity);
        Reduced("psnr", 1, double.PositiveInfinity, 0).ShouldBe(50, "infinite values count as 100 dB");
    }

    [Fact]
    public void The_two_conventions_differ_and_the_mean_is_the_larger() =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            // Jensen: mean of -log is at least -log of the mean (equal sizes, nothing capped).
            var stream = new PhiloxStream((ulong)seed, 0);
            var values = new double[5];
            for (var i = 0; i < 5; i++)
            {
                var a = Enumerable.Range(0, 12).Select(_ => (float)stream.NextDouble()).ToArray();
                var b = Enumerable.Range(0, 12).Select(_ => (float)stream.NextDouble()).ToArray();
                if (Psnr.OfImage(a, b, 1) != Psnr.OfImage(b, a, 1)) return false;
                values[i] = Psnr.OfImage(a, b, 1);
            }

            return Reduced("psnr", 12, values) >= Reduced("psnr-pooled-error", 12, values) - 1e-12;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Bad_input_is_refused_by_name()
    {
        Should.Throw<ArgumentException>(() => Psnr.OfImage([1], [1, 2], 1)).Message.ShouldContain("1 numbers and the reference 2");
        Should.Throw<ArgumentException>(() => Psnr.OfImage([float.NaN], [1], 1)).Message.ShouldContain("not finite");
        Should.Throw<ArgumentException>(() => Psnr.OfImage([0], [1], 0)).Message.ShouldContain("peak");
        Reduced("psnr-pooled-error", 1).ShouldBe(double.NaN);
    }

    // What the catalogue makes of per-image values, all of one size.
    private static double Reduced(string metric, int size, params double[] values) =>
        MetricCatalog.All.Single(m => m.Key == metric).Reduce!(values, [.. values.Select(_ => size)]).Value;
}
