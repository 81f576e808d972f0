using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Search.Skipping;

namespace BatchEval.Core.Tests.Search.Skipping;

/// <summary>Calibration by bisection on functions whose answer is known.</summary>
public sealed class ThresholdSearchTests
{
    private static readonly Metric Psnr = MetricCatalog.Find("psnr");

    [Theory]
    [InlineData(25)]
    [InlineData(13.7)]
    [InlineData(49)]
    public void A_call_target_is_met_from_below_and_closely(double target)
    {
        var search = Run(new SkipTarget(SkipTargetKind.NetworkCalls, target), Calls, Calls, 40);
        search.Best!.NetworkCalls.ShouldBeInRange(target - 0.2, target);
        search.IsMonotone.ShouldBeTrue();
    }

    [Fact]
    public void A_quality_target_takes_the_fewest_calls_that_keep_it()
    {
        var psnr = Run(new SkipTarget(SkipTargetKind.Metric, 30, Psnr), Calls, t => 30 - (10 * Math.Log10(t / 0.05)), 40);
        psnr.Best!.Threshold.ShouldBeInRange(0.0495, 0.05);
        var lpips = Run(new SkipTarget(SkipTargetKind.Metric, 0.2, MetricCatalog.Find("lpips")), Calls, t => t, 40);
        lpips.Best!.Threshold.ShouldBeInRange(0.198, 0.2);
    }

    [Fact]
    public void What_is_out_of_reach_or_met_at_once_takes_at_most_two_measurements()
    {
        Run(new SkipTarget(SkipTargetKind.NetworkCalls, 5), _ => 13, _ => 13).Best.ShouldBeNull();
        Run(new SkipTarget(SkipTargetKind.Metric, 20, Psnr), Calls, _ => 33).Trials.Count.ShouldBe(1);
        Run(new SkipTarget(SkipTargetKind.Metric, 90, Psnr), Calls, _ => 33).Trials.Count.ShouldBe(2);
        Run(new SkipTarget(SkipTargetKind.Milliseconds, 90), Calls, _ => 33).Best!.Threshold.ShouldBe(1e-4);
    }

    [Fact]
    public void A_function_that_is_not_monotone_still_gives_a_measured_threshold_that_meets_the_target()
    {
        double Wavy(double t) => Calls(t) + (3 * Math.Sin(40 * Math.Log(t)));
        var search = Run(new SkipTarget(SkipTargetKind.NetworkCalls, 25), Wavy, Wavy);
        search.IsMonotone.ShouldBeFalse();
        search.Best!.Value.ShouldBe(Wavy(search.Best.Threshold));
        search.Best.Value.ShouldBeLessThanOrEqualTo(25);
        Should.Throw<InvalidOperationException>(() => search.Observe(1, 1));
    }

    private static double Calls(double threshold) => 10 + (40 / (1 + (10 * threshold)));

    private static ThresholdSearch Run(SkipTarget target, Func<double, double> calls, Func<double, double> value, int most = 16)
    {
        var search = new ThresholdSearch(target, most: most);
        while (search.Next is { } threshold)
        {
            search.Observe(calls(threshold), value(threshold));
        }

        search.Trials.Count.ShouldBeLessThanOrEqualTo(most);
        return search;
    }
}
