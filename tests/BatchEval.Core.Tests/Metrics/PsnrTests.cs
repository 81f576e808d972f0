using BatchEval.Core.Metrics;
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
        var accumulator = new PsnrAccumulator(3);
        accumulator.Add([0, 1], [3, 2]);
        accumulator.Add([2, 3], [1, 0]);
        accumulator.OfPooledError.Value.ShouldBe(2.5527250510330606, 1e-12);
    }

    [Fact]
    public void Identical_images_are_infinite_alone_and_capped_in_the_mean()
    {
        Psnr.OfImage([1, 2], [1, 2], 255).ShouldBe(double.PositiveInfinity);
        var accumulator = new PsnrAccumulator(255, 80);
        accumulator.Add([1, 2], [1, 2]).ShouldBe(double.PositiveInfinity);
        accumulator.OfPooledError.Value.ShouldBe(double.PositiveInfinity);
        accumulator.Add([0], [255]).ShouldBe(0);
        accumulator.MeanOfImages.Value.ShouldBe(40);
        accumulator.IdenticalImages.ShouldBe(1);
        accumulator.MeanOfImages.Method.ShouldContain("80 dB");
    }

    [Fact]
    public void The_two_conventions_differ_and_the_mean_is_the_larger() =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            // Jensen: mean of -log is at least -log of the mean (equal sizes, nothing capped).
            var stream = new PhiloxStream((ulong)seed, 0);
            var accumulator = new PsnrAccumulator(1, 1000);
            for (var i = 0; i < 5; i++)
            {
                var a = Enumerable.Range(0, 12).Select(_ => (float)stream.NextDouble()).ToArray();
                var b = Enumerable.Range(0, 12).Select(_ => (float)stream.NextDouble()).ToArray();
                if (Psnr.OfImage(a, b, 1) != Psnr.OfImage(b, a, 1)) return false;
                accumulator.Add(a, b);
            }

            return accumulator.MeanOfImages.Value >= accumulator.OfPooledError.Value - 1e-12;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Bad_input_is_refused_by_name()
    {
        Should.Throw<ArgumentException>(() => Psnr.OfImage([1], [1, 2], 1)).Message.ShouldContain("1 numbers and the reference 2");
        Should.Throw<ArgumentException>(() => Psnr.OfImage([float.NaN], [1], 1)).Message.ShouldContain("not finite");
        Should.Throw<ArgumentException>(() => Psnr.OfImage([0], [1], 0)).Message.ShouldContain("peak");
        new PsnrAccumulator(1).OfPooledError.Value.ShouldBe(double.NaN);
    }
}
