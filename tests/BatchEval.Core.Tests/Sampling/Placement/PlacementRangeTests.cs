using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Core.Tests.Sampling.Placement;

/// <summary>Rules on parts of a range and on continuous models, and how levels become times: expectations by hand from the rules' formulas.</summary>
public sealed class PlacementRangeTests
{
    private static readonly NoiseSchedule Linear = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly NoiseSchedule Edm = new SigmaNoiseSchedule(0.002, 80);

    // low + share (high - low) on sigma 0.002 to 80; quadratic: low + linspace(0, sqrt(0.8 (80 - 0.002)), n)^2
    [Theory]
    [InlineData("leading", 4, new[] { 80, 60.0005, 40.001, 20.0015 })]
    [InlineData("trailing", 4, new[] { 80, 60.0005, 40.001, 20.0015 })]
    [InlineData("linspace", 3, new[] { 80, 40.001, 0.002 })]
    [InlineData("quadratic", 3, new[] { 64.0004, 16.0016, 0.002 })]
    [InlineData("quadratic", 1, new[] { 64.0004 })]
    [InlineData("linear-quadratic", 1, new[] { 80.0 })]
    public void Rules_over_times_of_a_continuous_model(string name, int steps, double[] expected) => PlacementRules.Create(name, Edm, steps).Times.ToArray().ShouldBe(expected, 1e-9);

    [Fact]
    public void A_range_that_is_given_takes_the_place_of_the_whole()
    {
        PlacementRules.Create("leading", new FlowNoiseSchedule(1000), 4).Times.ToArray().ShouldBe([1000.0, 750, 500, 250], 1e-9);
        PlacementRules.Create("trailing", new FlowNoiseSchedule(1000), 4, new PlacementOptions(End: 200)).Times.ToArray().ShouldBe([1000.0, 800, 600, 400], 1e-9);
        PlacementRules.Create("quadratic", Linear, 3, new PlacementOptions(Start: 400)).Times.ShouldBe([400, 100, 0]);

        // c tan((1 - u) atan(high / c) + u atan(low / c)) with c = 2
        PlacementRules.Create("arctan", Edm, 3, new PlacementOptions(Scale: 2)).Times[1].ShouldBe(2 * Math.Tan((Math.Atan(40) + Math.Atan(0.001)) / 2), 1e-7);
    }

    [Fact]
    public void As_many_steps_as_distinct_times_are_placed_and_no_more()
    {
        PlacementRules.Create("trailing", Linear, 1000).Times.ShouldBe(Enumerable.Range(0, 1000).Reverse().Select(t => (double)t));
        Should.Throw<ArgumentException>(() => PlacementRules.Create("trailing", Linear, 200, new PlacementOptions(Start: 99))).Message.ShouldContain("does not give distinct times (t = 99 after 99)");
    }

    [Theory]
    [InlineData(100.0, 200.0, 7.0, "The start 100 must lie above the end 200")]
    [InlineData(100.0, 100.0, 7.0, "The start 100 must lie above the end 100")]
    [InlineData(null, 999.0, 7.0, "The start 999 must lie above the end 999")]
    [InlineData(0.0, null, 7.0, "The start 0 must lie above the end 0")]
    [InlineData(null, null, 0.0, "rho must be positive, got 0")]
    public void Empty_ranges_and_exponents_that_mean_nothing_are_refused(double? start, double? end, double rho, string message) =>
        Should.Throw<ArgumentException>(() => PlacementRules.Create("karras", Linear, 4, new PlacementOptions(start, end, rho))).Message.ShouldContain(message);

    // Levels read from text may miss the ends of the range in the tenth digit, and not in the eighth.
    [Theory]
    [InlineData(0.002, 80.0, true)]
    [InlineData(0.002 * (1 - 5e-10), 80 * (1 + 5e-10), true)]
    [InlineData(0.002 * (1 - 1e-8), 80.0, false)]
    [InlineData(0.002, 80 * (1 + 1e-8), false)]
    [InlineData(0.0, 80.0, false)]
    [InlineData(2.0, 2.0, false)]
    public void Levels_at_the_ends_of_the_range_are_inside(double low, double high, bool inside)
    {
        if (inside)
        {
            PlacementOptions.Between(Edm, low, high).ShouldBe((80, 0.002));
        }
        else
        {
            Should.Throw<ArgumentException>(() => PlacementOptions.Between(Edm, low, high));
        }
    }

    // Published lists are printed with few digits: a hundredth beyond the range is the end of the range.
    [Theory]
    [InlineData(80.7, 0.00199, true)]
    [InlineData(81, 0.002, false)]
    [InlineData(80, 0.00197, false)]
    public void Ratios_a_hundredth_outside_are_the_ends(double high, double low, bool inside)
    {
        if (inside)
        {
            SamplingSchedule.OfRatios("m", "v", Edm, [high, low]).Times.ShouldBe([80, 0.002]);
        }
        else
        {
            Should.Throw<ArgumentException>(() => SamplingSchedule.OfRatios("m", "v", Edm, [high, low])).Message.ShouldContain("lies outside the model's range");
        }
    }

    // Levels that fall on one whole time move down; at the smallest time they move up.
    [Fact]
    public void Times_that_fall_together_move_apart()
    {
        var whole = Linear.For(TimeInput.Whole);
        SamplingSchedule.Distinct(whole, [5.2, 5.1, 4.9]).ShouldBe([5, 4, 3]);
        SamplingSchedule.Distinct(whole, [0.4, 0.3, 0.2]).ShouldBe([2, 1, 0]);
        SamplingSchedule.Distinct(new FlowNoiseSchedule(1000).For(TimeInput.Whole), [0.4, 0.3]).ShouldBe([2, 1]);
        Should.Throw<ArgumentException>(() => SamplingSchedule.Distinct(whole, [999, 998.8], end: 998)).Message.ShouldContain("2 steps asked of a model that can be called at 1 times");
    }

    [Fact]
    public void A_schedule_says_what_it_is_and_how_it_ends()
    {
        var schedule = new SamplingSchedule("karras", "rho 5", [999, 3]);
        (schedule.Name, schedule.Ending, (schedule with { Variant = string.Empty }).Name).ShouldBe(("karras (rho 5)", "zero", "karras"));
        schedule.EndingDescription.ShouldStartWith("The last sigma is 0");
        var stopped = schedule with { End = 1 };
        stopped.Ending.ShouldBe("stop");
        stopped.EndingDescription.ShouldStartWith("Sampling stops at the last sigma");
        stopped.Sigmas(new SigmaNoiseSchedule(0.5, 1000)).ShouldBe([999, 3, 1]);
    }
}
