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
    public void More_than_two_pieces_of_columns_equal_the_definition() => All_samples_equal_the_definition(5, 1100);

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
        var kernel = new PolynomialKernel(2, 0.5);
        KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(1, 2, 50, kernel)).Score.Value.ShouldBe(KernelInceptionDistance.Estimate(x, y, kernel).Value, 1e-12);
    }

    [Theory]
    [InlineData(7, 5)]
    [InlineData(30, 40)]
    public void The_error_is_that_of_the_linear_part_of_the_statistic(int m, int n)
    {
        // Var = 4 Var h_x / m + 4 Var h_y / n with h_x(i) = mean_{j != i} k(x_i, x_j) - mean_j k(x_i, y_j), by loops over all pairs; 1e-12 is rounding.
        var (x, y) = (TestFeatures.Normal(m, 3, 1), TestFeatures.Normal(n, 3, 2, 1.2, 0.2));
        var (hx, hy) = (new RunningStatistics(), new RunningStatistics());
        for (var i = 0; i < m; i++) hx.Add(((PairSum(x.Slice(i, 1), x, false) - PairSum(x.Slice(i, 1), x.Slice(i, 1), false)) / (m - 1)) - (PairSum(x.Slice(i, 1), y, false) / n));
        for (var j = 0; j < n; j++) hy.Add(((PairSum(y.Slice(j, 1), y, false) - PairSum(y.Slice(j, 1), y.Slice(j, 1), false)) / (n - 1)) - (PairSum(y.Slice(j, 1), x, false) / m));
        var score = KernelInceptionDistance.Estimate(x, y);
        score.StandardError.ShouldBe(Math.Sqrt((4 * hx.Variance / m) + (4 * hy.Variance / n)), 1e-12);
        score.SampleCount.ShouldBe(m);
    }

    [Fact]
    public void Mean_and_spread_over_subsets_are_those_of_the_subsets()
    {
        // Subset s is the same in every run with the seed, so values follow from means: v_s = s mean_s - (s - 1) mean_(s - 1); ddof 0, error sd / sqrt(S - 1).
        var (x, y) = (TestFeatures.Normal(90, 6, 1), TestFeatures.Normal(80, 6, 2, 1, 0.3));
        var (two, three, four) = (Of(2), Of(3), Of(4));
        var (third, fourth) = ((3 * three.Score.Value) - (2 * two.Score.Value), (4 * four.Score.Value) - (3 * three.Score.Value));
        var squares = (2 * Square(two)) + (third * third) + (fourth * fourth);
        (4 * Square(four)).ShouldBe(squares, 1e-12 * squares);
        two.StandardDeviation.ShouldBeGreaterThan(0);
        four.Score.StandardError.ShouldBe(four.StandardDeviation / Math.Sqrt(3), 1e-15);

        KidResult Of(int subsets) => KernelInceptionDistance.EstimateBySubsets(x, y, new KidOptions(5, subsets, 30));
        static double Square(KidResult r) => (r.StandardDeviation * r.StandardDeviation) + (r.Score.Value * r.Score.Value);
    }

    [Theory]
    [InlineData(1, 0.5, 2)]
    [InlineData(2, 0.25, 0)]
    [InlineData(4, 1, -1)]
    public void Other_kernels_equal_the_definition(int degree, double gamma, double coef0)
    {
        var (x, y) = (TestFeatures.Normal(6, 3, 1), TestFeatures.Normal(5, 3, 2, 1.2, 0.2));
        double Sum(FeatureMatrix a, FeatureMatrix b, bool others) => Enumerable.Range(0, a.Count).Sum(i => Enumerable.Range(0, b.Count).Where(j => !others || i != j)
            .Sum(j => Math.Pow((gamma * Enumerable.Range(0, 3).Sum(k => (double)a.Row(i)[k] * b.Row(j)[k])) + coef0, degree)));
        var expected = (Sum(x, x, true) / 30) + (Sum(y, y, true) / 20) - (2 * Sum(x, y, false) / 30);
        KernelInceptionDistance.Estimate(x, y, new PolynomialKernel(degree, gamma, coef0)).Value.ShouldBe(expected, 1e-11);
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
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.Estimate(x, x, new PolynomialKernel(3, 0))).Message.ShouldContain("Gamma");
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.Estimate(x, x, new PolynomialKernel(3, double.PositiveInfinity))).Message.ShouldContain("Gamma");
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.EstimateBySubsets(x, x, new KidOptions(1, 2, 1))).Message.ShouldContain("from 2");
        Should.Throw<ArgumentException>(() => KernelInceptionDistance.EstimateBySubsets(x, x, new KidOptions(1, 2, 11))).Message.ShouldContain("smaller set, 10");
        KernelInceptionDistance.EstimateBySubsets(x, x, new KidOptions(1, 2, 2)).Score.SampleCount.ShouldBe(10);
        KernelInceptionDistance.Estimate(x.Slice(0, 2), x.Slice(2, 2)).SampleCount.ShouldBe(2);
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
