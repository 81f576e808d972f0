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
}
