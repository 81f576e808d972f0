using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class GaussianMomentsTests
{
    private static readonly FeatureMatrix X = TestFeatures.Normal(700, 12, 5, 1, 4, 0.3);

    [Fact]
    public void Merging_two_shards_has_the_same_bits_in_both_orders_and_equals_the_whole()
    {
        var (a, b) = (Shard(0, 300), Shard(300, 400));
        var (ab, ba) = (GaussianMoments.Merge(a, b), GaussianMoments.Merge(b, a));
        ab.Scatter.ShouldBe(ba.Scatter);
        ab.Mean.ShouldBe(ba.Mean);
        ShouldBeClose(ab, MomentAccumulator.Of(X));
    }

    [Fact]
    public void MergeAll_has_the_same_bits_in_any_order_of_arrival()
    {
        GaussianMoments[] shards = [Shard(0, 100), Shard(100, 250), Shard(350, 1), Shard(351, 349)];
        var inOrder = GaussianMoments.MergeAll(shards);
        foreach (var order in (int[][])[[3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]])
        {
            var merged = GaussianMoments.MergeAll(order.Select(i => shards[i]));
            merged.Scatter.ShouldBe(inOrder.Scatter);
            merged.Mean.ShouldBe(inOrder.Mean);
            merged.Count.ShouldBe(700);
        }

        ShouldBeClose(inOrder, MomentAccumulator.Of(X));
    }

    [Fact]
    public void A_shard_that_arrives_twice_is_refused() =>
        Should.Throw<ArgumentException>(() => GaussianMoments.MergeAll([Shard(0, 10), Shard(0, 10)])).Message.ShouldContain("counted twice");

    [Fact]
    public void Without_undoes_a_merge()
    {
        var rest = MomentAccumulator.Of(X).Without(Shard(200, 500));
        ShouldBeClose(rest, Shard(0, 200));
    }

    [Fact]
    public void Empty_shards_change_nothing()
    {
        var empty = new MomentAccumulator(12, 700).ToMoments();
        GaussianMoments.MergeAll([empty, Shard(0, 700)]).Scatter.ShouldBe(Shard(0, 700).Scatter);
    }

    [Fact]
    public void Different_dimensions_are_refused() =>
        Should.Throw<ArgumentException>(() => GaussianMoments.Merge(Shard(0, 9), new MomentAccumulator(3).ToMoments())).Message.ShouldContain("12 and of 3");

    [Fact]
    public void Statistics_that_are_no_covariance_are_refused_by_name()
    {
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, 0], [1, 0.5, 0.2, 1], 0)).Message.ShouldContain("not symmetric");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, double.NaN], [1, 0, 0, 1], 0)).Message.ShouldContain("Element 1 of the mean");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, 0], [1, 0, 0, -1], 0)).Message.ShouldContain("Variance 1 is -1;");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, 0], [1, 0, 0], 0)).Message.ShouldContain("2 x 2");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, 0], [1, double.PositiveInfinity, double.PositiveInfinity, 1], 0)).Message.ShouldContain("(1, 0)");
    }

    [Fact]
    public void A_part_can_be_all_or_nothing_and_no_more()
    {
        var (all, none) = (Shard(0, 200), new GaussianMoments(200, 0, new double[12], new double[144]));
        all.Without(Shard(0, 200)).Count.ShouldBe(0);
        all.Without(none).Scatter.ShouldBe(all.Scatter);
        ShouldBeClose(all.Without(Shard(0, 198)), Shard(198, 2));
        Should.Throw<ArgumentException>(() => Shard(0, 10).Without(Shard(0, 11))).Message.ShouldContain("11 samples cannot be taken out of 10");
        GaussianMoments.Merge(all, none).Count.ShouldBe(200);
        GaussianMoments.Merge(none, all).Count.ShouldBe(200);
        GaussianMoments.Merge(none, all).FirstSample.ShouldBe(0);
    }

    [Fact]
    public void Two_samples_have_a_covariance_and_one_has_none()
    {
        Shard(5, 2).ToStatistics().Count.ShouldBe(2);
        Should.Throw<InvalidOperationException>(() => Shard(5, 1).ToStatistics()).Message.ShouldContain("there are 1");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0], [1], 1)).Message.ShouldContain("at least two samples");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([], [], 0)).Message.ShouldContain("at least one dimension");
        Should.Throw<ArgumentException>(() => GaussianMoments.MergeAll([])).Message.ShouldContain("no shards");
        Should.Throw<ArgumentException>(() => new GaussianMoments(0, 2, [0, 0], new double[3])).Message.ShouldContain("2 x 2 scatter, but it has 3");
        Should.Throw<ArgumentException>(() => new GaussianMoments(0, 2, [], [])).Message.ShouldContain("A mean of 0");
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 40)]
    [InlineData(33, 63)]
    [InlineData(62, 64)]
    public void An_asymmetry_anywhere_in_a_large_covariance_is_named(int i, int j)
    {
        const int D = 65;
        var covariance = new double[D * D];
        for (var k = 0; k < D; k++) covariance[k * (D + 1)] = 4;
        (covariance[(i * D) + j], covariance[(j * D) + i]) = (1, 1 + 3e-6);
        _ = new GaussianStatistics(new double[D], covariance, 0);
        covariance[(j * D) + i] = 1 + 5e-6;
        Should.Throw<ArgumentException>(() => new GaussianStatistics(new double[D], covariance, 0)).Message.ShouldContain($"element ({j}, {i})");
        (covariance[(i * D) + j], covariance[(j * D) + i]) = (double.NaN, 1);
        Should.Throw<ArgumentException>(() => new GaussianStatistics(new double[D], covariance, 0)).Message.ShouldContain("must be finite");
    }

    private static GaussianMoments Shard(int first, int count)
    {
        var accumulator = new MomentAccumulator(X.Dimensions, first);
        accumulator.Add(X.Slice(first, count));
        return accumulator.ToMoments();
    }

    private static void ShouldBeClose(GaussianMoments actual, GaussianMoments expected)
    {
        actual.Count.ShouldBe(expected.Count);
        var (a, e) = (actual.ToStatistics(), expected.ToStatistics());
        for (var i = 0; i < e.Mean.Length; i++) a.Mean[i].ShouldBe(e.Mean[i], 1e-13);
        for (var i = 0; i < e.Covariance.Length; i++) a.Covariance[i].ShouldBe(e.Covariance[i], 1e-12);
    }
}
