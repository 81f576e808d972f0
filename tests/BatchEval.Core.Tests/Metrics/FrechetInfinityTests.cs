using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class FrechetInfinityTests
{
    [Theory]
    [InlineData(300, 20, 0.25)]
    [InlineData(150, 60, 0.5)] // from 50 samples in 60 dimensions on: there the bias is not yet a straight line in 1 / N
    public void The_intercept_has_a_small_part_of_the_bias(int n, int d, double part)
    {
        // N(0, I) against N(0.5, 1.44 I): d (0.25 + 0.04). One set is noisy; the mean over 60 sets shows the bias.
        const int Repeats = 60;
        var identity = new double[d * d];
        for (var i = 0; i < d; i++) identity[(i * d) + i] = 1;
        var reference = new FrechetReference(new GaussianStatistics(new double[d], identity, 0));
        var truth = d * 0.29;
        var (extrapolated, plain) = (new RunningStatistics(), new RunningStatistics());
        for (var r = 0; r < Repeats; r++)
        {
            var x = TestFeatures.Normal(n, d, (ulong)(10 + r), 1.2, 0.5);
            var score = FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(7, MinimumSize: n / 3));
            score.StandardError.ShouldBeGreaterThan(0);
            extrapolated.Add(score.Value - truth);
            plain.Add(reference.DistanceTo(x) - truth);
        }

        plain.Mean.ShouldBeGreaterThan(5 * plain.StandardError);
        Math.Abs(extrapolated.Mean).ShouldBeLessThan((part * plain.Mean) + (2 * extrapolated.StandardError));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_and_another_seed_another_shuffle()
    {
        var x = TestFeatures.Normal(200, 20, 3, 1.2, 0.5);
        var reference = new FrechetReference(MomentAccumulator.Of(TestFeatures.Normal(300, 20, 4)).ToStatistics());
        var score = FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(7));
        FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(7)).ShouldBe(score);
        FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(8)).Value.ShouldNotBe(score.Value);
        score.Value.ShouldBeLessThan(reference.DistanceTo(x), "the bias falls with the number of samples");
    }

    // By hand: y = 1 2 2 3 over x = 1 2 3 4 has slope 0.6 and intercept 0.5; residuals -0.1 0.3 -0.3 0.1, so s^2 = 0.1 and the error sqrt(0.1 (1/4 + 6.25/5)).
    // Twice the x halves the slope and leaves the rest.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_intercept_and_its_error_are_those_of_the_textbook(double unit)
    {
        var (intercept, error) = FrechetInfinity.Intercept([unit, 2 * unit, 3 * unit, 4 * unit], [1, 2, 2, 3]);
        intercept.ShouldBe(0.5, 1e-14);
        error.ShouldBe(Math.Sqrt(0.15), 1e-14);
    }

    [Fact]
    public void The_largest_size_is_the_whole_set_and_the_smallest_a_tenth()
    {
        var reference = new FrechetReference(MomentAccumulator.Of(TestFeatures.Normal(300, 4, 4)).ToStatistics());
        FrechetInfinity.Estimate(reference, TestFeatures.Normal(207, 4, 3), new FrechetInfinityOptions(1)).Method.ShouldContain("15 sizes from 20 to 207,");
        FrechetInfinity.Estimate(reference, TestFeatures.Normal(19, 4, 3), new FrechetInfinityOptions(1, 3)).Method.ShouldContain("3 sizes from 2 to 19,");
        FrechetInfinity.Estimate(reference, TestFeatures.Normal(16, 4, 3), new FrechetInfinityOptions(1)).Method.ShouldContain("15 sizes from 2 to 16,");
    }

    [Fact]
    public void Settings_that_cannot_work_are_refused_by_name()
    {
        var x = TestFeatures.Normal(30, 4, 3);
        var reference = new FrechetReference(MomentAccumulator.Of(x).ToStatistics());
        Should.Throw<ArgumentException>(() => FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(1, Points: 2))).Message.ShouldContain("at least 3 sizes");
        Should.Throw<ArgumentException>(() => FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(1, MinimumSize: 25))).Message.ShouldContain("15 different sizes");
        Should.Throw<ArgumentException>(() => FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(1, MinimumSize: 1))).Message.ShouldContain("at least 2");
    }
}
