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
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, 0], [1, 0, 0, -1], 0)).Message.ShouldContain("Variance 1");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, 0], [1, 0, 0], 0)).Message.ShouldContain("2 x 2");
        Should.Throw<ArgumentException>(() => new GaussianStatistics([0, 0], [1, double.PositiveInfinity, double.PositiveInfinity, 1], 0)).Message.ShouldContain("(1, 0)");
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
