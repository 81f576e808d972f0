using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Metrics;

public class MomentAccumulatorTests
{
    [Theory]
    [InlineData(2, 3)]
    [InlineData(255, 10)]
    [InlineData(256, 10)]
    [InlineData(1000, 33)]
    public void Mean_and_covariance_equal_the_definition(int n, int d)
    {
        var x = TestFeatures.Normal(n, d, 1, 2, 3, 0.5);
        var statistics = MomentAccumulator.Of(x).ToStatistics();
        var (mean, covariance) = Reference(x);
        statistics.Count.ShouldBe(n);
        for (var i = 0; i < d; i++) statistics.Mean[i].ShouldBe(mean[i], 1e-12);
        for (var i = 0; i < d * d; i++) statistics.Covariance[i].ShouldBe(covariance[i], 1e-11);
    }

    [Fact]
    public void Constant_images_of_the_pytorch_fid_test_have_mean_one_half_and_variance_one_quarter()
    {
        var statistics = MomentAccumulator.Of(TestFeatures.Matrix(new float[,] { { 0, 0 }, { 0.5f, 0.5f }, { 1, 1 } })).ToStatistics();
        statistics.Mean.ShouldBe([0.5, 0.5]);
        statistics.Covariance.ShouldBe([0.25, 0.25, 0.25, 0.25]);
    }

    [Fact]
    public void The_bits_do_not_depend_on_batches_or_threads() =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            var stream = new PhiloxStream((ulong)seed, 0);
            var (n, d) = (2 + stream.NextInt(900), 1 + stream.NextInt(40));
            var x = TestFeatures.Normal(n, d, (ulong)seed);
            var chunked = new MomentAccumulator(d, 0, 1 + stream.NextInt(3));
            for (var row = 0; row < n;)
            {
                var take = Math.Min(n - row, 1 + stream.NextInt(400));
                chunked.Add(x.Slice(row, take).Values);
                if (stream.NextInt(4) == 0) chunked.ToMoments(); // looking does not change anything
                row += take;
            }

            var (a, b) = (chunked.ToMoments(), MomentAccumulator.Of(x));
            return a.Count == n && a.Mean.AsSpan().SequenceEqual(b.Mean) && a.Scatter.AsSpan().SequenceEqual(b.Scatter);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Chunks_across_the_blocks_of_255_rows_have_the_bits_of_the_whole()
    {
        var x = TestFeatures.Normal(700, 3, 4);
        var chunked = new MomentAccumulator(3);
        foreach (var (first, count) in new[] { (0, 100), (100, 300), (400, 110), (510, 190) }) chunked.Add(x.Slice(first, count).Values);
        chunked.ToMoments().Scatter.ShouldBe(MomentAccumulator.Of(x).Scatter);
        chunked.Count.ShouldBe(700);
    }

    [Fact]
    public void A_large_mean_costs_no_accuracy()
    {
        // Raw sums of squares would lose ten digits here.
        var small = TestFeatures.Normal(2000, 5, 3);
        var shifted = small.Values.ToArray().Select(v => (float)(Math.Round(v * 1024) / 1024)).ToArray();
        var covariance = MomentAccumulator.Of(new FeatureMatrix(shifted, 2000, 5)).ToStatistics().Covariance;
        var far = MomentAccumulator.Of(new FeatureMatrix(Array.ConvertAll(shifted, v => v + 8192f), 2000, 5)).ToStatistics().Covariance;
        for (var i = 0; i < 25; i++) far[i].ShouldBe(covariance[i], 1e-11);
    }

    [Fact]
    public void Wrong_lengths_and_bad_features_are_refused_and_nothing_is_added()
    {
        var accumulator = new MomentAccumulator(3, firstSample: 100);
        accumulator.Add([1, 2, 3]);
        Should.Throw<ArgumentException>(() => accumulator.Add([1, 2])).Message.ShouldContain("rows of 3");
        Should.Throw<ArgumentException>(() => accumulator.Add([1, 2, 3, 4, float.NaN, 6])).Message.ShouldContain("row 102");
        accumulator.Count.ShouldBe(1);
        Should.Throw<InvalidOperationException>(accumulator.ToStatistics).Message.ShouldContain("at least two");
    }

    internal static (double[] Mean, double[] Covariance) Reference(FeatureMatrix x)
    {
        var (n, d) = (x.Count, x.Dimensions);
        var mean = new double[d];
        var covariance = new double[d * d];
        for (var i = 0; i < n; i++)
        for (var j = 0; j < d; j++)
            mean[j] += x.Row(i)[j] / (double)n;
        for (var i = 0; i < n; i++)
        for (var j = 0; j < d; j++)
        for (var k = 0; k < d; k++)
            covariance[(j * d) + k] += (x.Row(i)[j] - mean[j]) * (x.Row(i)[k] - mean[k]) / (n - 1);
        return (mean, covariance);
    }
}
