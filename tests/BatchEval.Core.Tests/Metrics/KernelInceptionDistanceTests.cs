using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class KernelInceptionDistanceTests
{
    [Theory]
    [InlineData(3, 5)]
    [InlineData(40, 60)]
    [InlineData(2300, 2100)] // more than one block of rows
    public void All_samples_equal_the_definition(int m, int n)
    {
        var (x, y) = (TestFeatures.Normal(m, 3, 1), TestFeatures.Normal(n, 3, 2, 1.2, 0.2));
        var expected = (PairSum(x, x, true) / (m * (m - 1.0))) + (PairSum(y, y, true) / (n * (n - 1.0))) - (2 * PairSum(x, y, false) / (m * (double)n));
        KernelInceptionDistance.Estimate(x, y).Value.ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void The_estimate_is_unbiased_and_its_error_is_the_spread()
    {
        var (same, different, errors) = (new RunningStatistics(), new RunningStatistics(), new RunningStatistics());
        for (var r = 0; r < 200; r++)
        {
            var x = TestFeatures.Normal(60, 5, (ulong)(2 * r) + 1);
            same.Add(KernelInceptionDistance.Estimate(x, TestFeatures.Normal(60, 5, (ulong)(2 * r) + 2)).Value);
            var score = KernelInceptionDistance.Estimate(x, TestFeatures.Normal(60, 5, (ulong)(2 * r) + 2, 1, 1));
            different.Add(score.Value);
            errors.Add(score.StandardError);
        }

        Math.Abs(same.Mean).ShouldBeLessThan(3.5 * same.StandardError);
        same.Minimum.ShouldBeLessThan(0);
        (errors.Mean / different.StandardDeviation).ShouldBeInRange(0.8, 1.25);
    }

    [Fact]
    public void Subsets_of_the_full_size_give_the_full_estimate_and_no_spread()
    {
        var (x, y) = (TestFeatures.Normal(50, 6, 1), TestFeatures.Normal(50, 6, 2, 1, 0.3));
        var result = KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(1, 5, 50));
        result.Score.Value.ShouldBe(KernelInceptionDistance.Estimate(x, y).Value, 1e-12);
        result.StandardDeviation.ShouldBe(0, 1e-12);
    }

    [Fact]
    public void Subsets_follow_the_seed_and_nothing_else()
    {
        var (x, y) = (TestFeatures.Normal(90, 6, 1), TestFeatures.Normal(80, 6, 2, 1, 0.3));
        var first = KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(5, 20, 30));
        KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(5, 20, 30), 3).ShouldBe(first);
        KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(6, 20, 30)).Score.Value.ShouldNotBe(first.Score.Value);
        first.Score.Value.ShouldBe(KernelInceptionDistance.Estimate(x, y).Value, 5 * first.StandardDeviation);
        first.Score.Method.ShouldContain("seed 5");
    }

    [Fact]
    public void Order_changes_nothing_and_threads_change_no_bit()
    {
        var (x, y) = (TestFeatures.Normal(70, 6, 1), TestFeatures.Normal(80, 6, 2, 1, 0.3));
        var score = KernelInceptionDistance.Estimate(x, y);
        KernelInceptionDistance.Estimate(TestFeatures.Permuted(x, 1), TestFeatures.Permuted(y, 2)).Value.ShouldBe(score.Value, 1e-12);
        KernelInceptionDistance.Estimate(y, x).Value.ShouldBe(score.Value, 1e-12);
        KernelInceptionDistance.Estimate(x, y, null, 4).ShouldBe(score);
    }

    [Fact]
    public void Impossible_settings_are_refused_by_name()
    {
        var x = TestFeatures.Normal(10, 3, 1);
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.EstimateBySubsets(x, x, new KidOptions(1))).Message.ShouldContain("smaller set, 10");
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.EstimateBySubsets(x, x, new KidOptions(1, 1, 5))).Message.ShouldContain("at least 2");
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.Estimate(x, x.Slice(0, 1))).Message.ShouldContain("10 and 1");
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.Estimate(x, x, new PolynomialKernel(0))).Message.ShouldContain("degree");
    }

    private static double PairSum(FeatureMatrix x, FeatureMatrix y, bool skipDiagonal)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Count; i++)
        for (var j = 0; j < y.Count; j++)
        {
            if (skipDiagonal && i == j) continue;
            var dot = 0.0;
            for (var k = 0; k < x.Dimensions; k++) dot += (double)x.Row(i)[k] * y.Row(j)[k];
            var u = (dot / x.Dimensions) + 1;
            sum += u * u * u;
        }

        return sum;
    }
}
