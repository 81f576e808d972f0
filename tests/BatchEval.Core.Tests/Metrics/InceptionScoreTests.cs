using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class InceptionScoreTests
{
    [Fact]
    public void Certain_and_evenly_spread_classes_give_the_number_of_classes()
    {
        var logits = new float[100 * 10];
        for (var i = 0; i < 100; i++) logits[(i * 10) + (i % 10)] = 200;
        var result = InceptionScore.FromLogits(new FeatureMatrix(logits, 100, 10));
        result.Score.Value.ShouldBe(10, 1e-12);
        result.StandardDeviation.ShouldBe(0, 1e-12);
    }

    [Fact]
    public void Equal_rows_give_one_even_for_huge_logits()
    {
        var logits = new float[40 * 5];
        for (var i = 0; i < logits.Length; i++) logits[i] = i % 5 * 1e4f;
        InceptionScore.FromLogits(new FeatureMatrix(logits, 40, 5), 4).Score.Value.ShouldBe(1, 1e-12);
    }

    [Fact]
    public void Mean_and_spread_are_those_of_the_splits()
    {
        // torch-fidelity's splits [i n / s, (i + 1) n / s): of 13 rows in 3 splits 4, 4 and 5.
        var logits = TestFeatures.Normal(13, 6, 1, 2);
        double[] scores = [.. new[] { (0, 4), (4, 4), (8, 5) }.Select(s => InceptionScore.FromLogits(logits.Slice(s.Item1, s.Item2), 1).Score.Value)];
        var result = InceptionScore.FromLogits(logits, 3);
        result.Score.Value.ShouldBe(scores.Average(), 1e-14);
        result.StandardDeviation.ShouldBe(Math.Sqrt(scores.Average(v => Math.Pow(v - scores.Average(), 2))), 1e-14);
        result.Score.StandardError.ShouldBe(result.StandardDeviation / Math.Sqrt(2), 1e-14);
        result.Score.SampleCount.ShouldBe(13);
        InceptionScore.FromLogits(logits, 13).Score.Value.ShouldBe(1, 1e-12);
        Should.Throw<ArgumentOutOfRangeException>(() => InceptionScore.FromLogits(logits, 0)).Message.ShouldContain("from 1");
    }

    [Fact]
    public void A_shuffle_needs_a_seed_and_one_split_needs_none()
    {
        var logits = TestFeatures.Normal(103, 6, 1, 2);
        var one = InceptionScore.FromLogits(logits, 1);
        InceptionScore.FromLogits(TestFeatures.Permuted(logits, 4), 1).Score.Value.ShouldBe(one.Score.Value, 1e-12);
        one.Score.StandardError.ShouldBe(double.NaN);
        InceptionScore.FromLogits(logits, 10, 3).ShouldBe(InceptionScore.FromLogits(logits, 10, 3));
        InceptionScore.FromLogits(logits, 10, 3).Score.Value.ShouldNotBe(InceptionScore.FromLogits(logits, 10, 4).Score.Value);
        Should.Throw<ArgumentOutOfRangeException>(() => InceptionScore.FromLogits(logits, 104)).Message.ShouldContain("103");
    }
}
