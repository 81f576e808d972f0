using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class MindTests
{
    [Fact]
    public void The_same_samples_in_any_order_are_exactly_zero()
    {
        var x = TestFeatures.Normal(200, 10, 1);
        Mind.Compute(x, x, 1).Value.ShouldBe(0);
        Mind.Compute(x, TestFeatures.Permuted(x, 3), 1).Value.ShouldBe(0);
    }

    [Fact]
    public void A_shift_of_mu_in_every_dimension_is_about_three_d_mu_squared()
    {
        // torch-fidelity's test: n = 4000, d = 64, M = 2000, 10 %.
        const double Mu = 0.5;
        var x = TestFeatures.Normal(4000, 64, 1);
        var y = new FeatureMatrix(Array.ConvertAll(x.Values.ToArray(), v => (float)(v + Mu)), 4000, 64);
        var score = Mind.Compute(x, y, 5, 2000, 2);
        score.Value.ShouldBe(3 * 64 * Mu * Mu, 0.1 * 3 * 64 * Mu * Mu);
        score.StandardError.ShouldBeLessThan(0.05 * score.Value);
    }

    [Fact]
    public void The_seed_fixes_all_bits_and_the_larger_set_is_reduced()
    {
        var (x, y) = (TestFeatures.Normal(90, 7, 1), TestFeatures.Normal(60, 7, 2, 1, 0.3));
        var score = Mind.Compute(x, y, 5, 100);
        Mind.Compute(x, y, 5, 100, 3).ShouldBe(score);
        Mind.Compute(x, y, 6, 100).Value.ShouldNotBe(score.Value);
        score.SampleCount.ShouldBe(60);
    }

    [Fact]
    public void On_a_line_every_direction_gives_the_distance_of_the_sorted_samples()
    {
        // d = 1: 3 d mean (x_(i) - y_(i))^2 = 3 (1 + 4 + 9) / 3 for 0 1 2 against 1 3 5, and no spread over directions.
        var score = Mind.Compute(TestFeatures.Matrix(new float[,] { { 2 }, { 0 }, { 1 } }), TestFeatures.Matrix(new float[,] { { 1 }, { 5 }, { 3 } }), 1, 70);
        score.Value.ShouldBe(14, 1e-12);
        score.StandardError.ShouldBe(0, 1e-12);
    }

    [Fact]
    public void The_error_is_the_spread_over_seeds()
    {
        // 200 seeds know the spread to 5 %.
        var (x, y) = (TestFeatures.Normal(12, 4, 1), TestFeatures.Normal(12, 4, 2, 1, 0.5));
        var (values, errors) = (new RunningStatistics(), new RunningStatistics());
        for (var seed = 0; seed < 200; seed++)
        {
            var score = Mind.Compute(x, y, (ulong)seed, 20);
            values.Add(score.Value);
            errors.Add(score.StandardError);
        }

        (errors.Mean / values.StandardDeviation).ShouldBeInRange(0.8, 1.25);
    }

    [Fact]
    public void Constant_sets_have_the_closed_form_at_any_size()
    {
        // All of one set at (1, 1, 1, 1), all of the other at 0: 3 d mean (u . 1)^2, whose expectation over directions u is 3 d.
        var (ones, zeros) = (new FeatureMatrix(Enumerable.Repeat(1f, 4 * 60).ToArray(), 60, 4), new FeatureMatrix(new float[4 * 30], 30, 4));
        var score = Mind.Compute(ones.Slice(0, 30), zeros, 1, 300);
        score.Value.ShouldBe(12, 4 * score.StandardError);
        score.StandardError.ShouldBeLessThan(1);
        Mind.Compute(ones, zeros, 1, 300).ShouldBe(score);
        Mind.Compute(zeros, ones, 1, 300).ShouldBe(score);
    }
}
