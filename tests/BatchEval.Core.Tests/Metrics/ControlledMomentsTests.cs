using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class ControlledMomentsTests
{
    [Fact]
    public void What_the_control_misses_on_the_few_samples_is_added()
    {
        var control = new ControlledMoments(new GaussianStatistics([1, 2], [4, 1, 1, 9], 5), new GaussianStatistics([1.5, 1], [5, 0.5, 0.5, 7], 1000));
        var corrected = control.Correct(new GaussianStatistics([10, 20], [6, 2, 2, 12], 5));
        corrected.Mean.ShouldBe([10.5, 19]);
        corrected.Covariance.ShouldBe([7, 1.5, 1.5, 10]);
        corrected.Count.ShouldBe(1000);
    }

    [Fact]
    public void Negative_eigenvalues_of_an_estimate_count_as_zero()
    {
        // Eigenvalues 3 and -1 against the identity: |mu|^2 + 2 + 2 - 2 sqrt(3).
        var reference = new FrechetReference(new GaussianStatistics([0, 0], [1, 0, 0, 1], 0));
        reference.DistanceToEstimate(new GaussianStatistics([3, 0], [1, 2, 2, 1], 0)).ShouldBe(9 + 4 - (2 * Math.Sqrt(3)), 1e-12);
        Should.Throw<ArgumentException>(() => reference.DistanceToEstimate(new GaussianStatistics([3], [1], 0))).Message.ShouldContain("same layer");
    }
}
