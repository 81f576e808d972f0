using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class FrechetJackknifeTests
{
    [Fact]
    public void Gram_route_and_covariance_route_give_the_same_value_and_error()
    {
        var reference = new FrechetReference(MomentAccumulator.Of(TestFeatures.Normal(400, 80, 1)).ToStatistics());
        var x = TestFeatures.Normal(75, 80, 2, 1.2, 0.1);
        var gram = FrechetJackknife.Estimate(reference, x);
        var groups = Enumerable.Range(0, 10).Select(g =>
        {
            var accumulator = new MomentAccumulator(80, g);
            for (var i = g; i < x.Count; i += 10) accumulator.Add(x.Row(i));
            return accumulator.ToMoments();
        }).ToArray();
        var covariance = FrechetJackknife.Estimate(reference, groups);
        gram.Value.ShouldBe(reference.DistanceTo(x));
        covariance.Value.ShouldBe(gram.Value, 1e-9 * gram.Value);
        covariance.StandardError.ShouldBe(gram.StandardError, 1e-7 * gram.StandardError);
        gram.SampleCount.ShouldBe(75);
        gram.Method.ShouldContain("jackknife");
    }

    [Theory]
    [InlineData(60, 80)]
    [InlineData(300, 20)]
    public void The_error_agrees_with_the_spread_over_fresh_samples(int n, int d)
    {
        const int Repeats = 150;
        var reference = new FrechetReference(MomentAccumulator.Of(TestFeatures.Normal(2000, d, 1)).ToStatistics());
        var (values, errors) = (new RunningStatistics(), new RunningStatistics());
        for (var r = 0; r < Repeats; r++)
        {
            var score = FrechetJackknife.Estimate(reference, TestFeatures.Normal(n, d, (ulong)(100 + r), 1.3, 0.3));
            values.Add(score.Value);
            errors.Add(score.StandardError);
        }

        // The spread itself is known to 6 %, one jackknife of 10 groups to about 24 %, their mean much better.
        (errors.Mean / values.StandardDeviation).ShouldBeInRange(0.75, 1.35);
    }

    [Fact]
    public void Threads_do_not_change_bits_and_too_few_samples_are_refused()
    {
        var statistics = MomentAccumulator.Of(TestFeatures.Normal(400, 80, 1)).ToStatistics();
        var x = TestFeatures.Normal(55, 80, 2, 1.2, 0.1);
        FrechetJackknife.Estimate(new FrechetReference(statistics, 3), x).ShouldBe(FrechetJackknife.Estimate(new FrechetReference(statistics), x));
        Should.Throw<ArgumentException>(() => FrechetJackknife.Estimate(new FrechetReference(statistics), x.Slice(0, 19))).Message.ShouldContain("at least 20");
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(4, 2)]
    [InlineData(5, 2)]
    [InlineData(19, 9)]
    [InlineData(20, 10)]
    [InlineData(50_000, 10)]
    public void There_are_as_many_groups_as_two_samples_each_allow_up_to_ten(long samples, int? groups) => FrechetJackknife.GroupsFor(samples).ShouldBe(groups);

    [Fact]
    public void The_error_equals_the_definition()
    {
        // se^2 = (G - 1) / G sum (theta_g - mean theta)^2, theta_g without the samples i = g mod G; both routes, 1e-9 relative.
        foreach (var d in new[] { 3, 20 })
        {
            var reference = new FrechetReference(MomentAccumulator.Of(TestFeatures.Normal(60, d, 1)).ToStatistics());
            var x = TestFeatures.Normal(11, d, 2, 1.2, 0.1);
            double[] theta = [.. Enumerable.Range(0, 3).Select(g => reference.DistanceTo(x.Select([.. Enumerable.Range(0, 11).Where(i => i % 3 != g)])))];
            var error = Math.Sqrt(2.0 / 3 * theta.Sum(t => Math.Pow(t - theta.Average(), 2)));
            var score = FrechetJackknife.Estimate(reference, x, 3);
            score.StandardError.ShouldBe(error, 1e-9 * error);
            score.SampleCount.ShouldBe(11);
            Should.Throw<ArgumentOutOfRangeException>(() => FrechetJackknife.Estimate(reference, x, 1));
            FrechetJackknife.Estimate(reference, x.Slice(0, 4), 2).SampleCount.ShouldBe(4);
        }
    }
}
