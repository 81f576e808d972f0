using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Sampling.Placement;

/// <summary>Rules against the conventions of their sources, and the laws that all of them keep.</summary>
public sealed class PlacementRulesTests
{
    private static readonly NoiseSchedule Linear = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly NoiseSchedule Edm = new SigmaNoiseSchedule(0.002, 80);

    // numpy 1.24 and scipy 1.10, in the words of diffusers (leading, trailing, linspace), CompVis (quadratic) and ComfyUI (the others), T = 1000
    [Theory]
    [InlineData("leading", 4, "750 500 250 0")]
    [InlineData("trailing", 4, "999 749 499 249")]
    [InlineData("trailing", 48, "999 978 957 936 916 895 874 853 832 811 791 770 749 728 707 686 666 645 624 603 582 561 541 520 499 478 457 436 416 395 374 353 332 311 291 270 249 228 207 186 166 145 124 103 82 61 41 20")]
    [InlineData("linspace", 4, "999 666 333 0")]
    [InlineData("linspace", 31, "999 966 932 899 866 832 799 766 733 699 666 633 599 566 533 499 466 433 400 366 333 300 266 233 200 166 133 100 67 33 0")]
    [InlineData("quadratic", 10, "800 632 483 355 246 158 88 39 9 0")]
    [InlineData("beta", 4, "999 823 500 176")]
    [InlineData("simple", 6, "999 833 666 499 333 166")]
    [InlineData("ddim-uniform", 7, "995 853 711 569 427 285 143 1")]
    [InlineData("ddim-uniform", 4, "751 501 251 1")]
    [InlineData("linspace", 1, "999")]
    public void Indices_are_those_of_the_source(string name, int steps, string expected) =>
        PlacementRules.Create(name, Linear, steps).Times.ShouldBe(expected.Split(' ').Select(double.Parse));

    // numpy.rint(649 * scipy.stats.beta.ppf([1, .75, .5, .25], .6, .6)): scipy's median is 0.5000000000000001, so 324.5 goes up; a quantile to 1e-12 sent it down
    [Fact]
    public void A_trimmed_beta_grid_rounds_its_middle_as_scipy_does() =>
        PlacementRules.Create("beta", Linear, 4, new PlacementOptions(Start: 649)).Times.ShouldBe([649, 535, 325, 114]);

    [Fact]
    public void Rules_over_sigma_need_a_start_with_some_signal()
    {
        var noise = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).WithoutSignalAtTheEnd();
        Should.Throw<ArgumentException>(() => PlacementRules.Create("karras", noise, 4)).Message.ShouldContain("No signal is left at t = 999");
        PlacementRules.Create("karras", noise, 4, new PlacementOptions(Start: 990)).Times[0].ShouldBe(990);
        PlacementRules.Create("trailing", noise, 4).Times[0].ShouldBe(999);
    }

    [Fact]
    public void Times_that_no_rule_rounds_are_real()
    {
        PlacementRules.Create("normal", Linear, 5).Times.ShouldBe([999, 749.25, 499.5, 249.75, 0]);
        PlacementRules.Create("sgm-uniform", Linear, 4).Times.ShouldBe([999, 749.25, 499.5, 249.75]);
    }

    [Fact]
    public void Leading_with_offset_1_and_5_steps_is_the_published_grid() =>
        PlacementRules.Create("leading", Linear, 5, new PlacementOptions(Offset: 1)).Times.ShouldBe([801, 601, 401, 201, 1]);

    [Fact]
    public void Trimmed_trailing_is_the_same_rule_from_a_lower_start() =>
        PlacementRules.Create("trailing", Linear, 4, new PlacementOptions(Start: 599)).Times.ShouldBe([599, 449, 299, 149]);

    [Fact]
    public void Karras_is_equation_5_with_rho_7()
    {
        // t_i = (80^(1/7) + i/9 (0.002^(1/7) - 80^(1/7)))^7; second knot of the published 10-step EDM grid: 45.3137 for 11 knots
        var grid = PlacementRules.Create("karras", Edm, 11).Times;
        double[] golden = [80, 45.3137, 24.4083, 12.3816, 5.8389, 2.5152, 0.9654, 0.3183, 0.0851, 0.0167, 0.002];
        grid.ShouldBe(golden, 6e-5);
    }

    [Theory]
    [InlineData("log-snr")]
    [InlineData("exponential")]
    [InlineData("lu-lambdas")]
    public void Log_snr_is_linear_in_log_sigma(string name)
    {
        var grid = PlacementRules.Create(name, Edm, 11).Times;
        double[] golden = [80, 27.7258, 9.609, 3.3302, 1.1542, 0.4, 0.1386, 0.0480, 0.0167, 0.0058, 0.002];
        grid.ShouldBe(golden, 6e-5);
    }

    [Fact]
    public void Arctan_is_the_kl_optimum_of_gaussian_data() =>
        PlacementRules.Create("arctan", Edm, 3).Times[1].ShouldBe(Math.Tan((Math.Atan(80) + Math.Atan(0.002)) / 2), 1e-7);

    // ComfyUI's linear_quadratic with threshold 0.025 and 8 steps, computed by hand from its formula; on flow models the rules act on u
    [Fact]
    public void On_flow_models_rules_act_on_u()
    {
        PlacementRules.Create("linear-quadratic", new FlowNoiseSchedule(), 8).Times.ShouldBe([1, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875], 1e-12);
        PlacementRules.Create("linear-quadratic", new FlowNoiseSchedule(1000), 8).Times[5].ShouldBe(909.375, 1e-9);
        PlacementRules.Create("linear-quadratic", Edm, 8).Times[5].ShouldBe(80 * 0.909375, 1e-9);
        PlacementRules.Create("beta-sigmas", new FlowNoiseSchedule(), 3).Times.ShouldBe([1, 0.50005, 1e-4], 1e-9);
        PlacementRules.Create("trailing", new FlowNoiseSchedule(1000), 4).Times.ShouldBe([1000, 750, 500, 250], 1e-9);
    }

    // "Wrong today" 3: one rule, one rounding. Whole indices only where the network takes no others, half-precision times where it takes those.
    [Fact]
    public void Times_are_whole_only_where_the_network_takes_whole_ones()
    {
        var real = PlacementRules.Create("karras", Linear, 8).Times;
        var whole = PlacementRules.Create("karras", Linear.For(TimeInput.Whole), 8).Times;
        var half = PlacementRules.Create("karras", Linear.For(TimeInput.Half), 8).Times;
        whole.ShouldBe(real.Select(t => Math.Round(t, MidpointRounding.ToEven)));
        real.ShouldContain(t => t != Math.Round(t));
        half.ShouldBe(real.Select(t => (double)(Half)t));
    }

    [Fact]
    public void Whole_times_are_moved_apart_where_two_levels_fall_on_one()
    {
        var times = PlacementRules.Create("karras", Linear.For(TimeInput.Whole), 200).Times;
        times.Distinct().Count().ShouldBe(200);
        (times[0], times[^1]).ShouldBe((999, 0));
    }

    [Theory]
    [InlineData(200, 199)]
    [InlineData(700, 639)]
    public void Beta_drops_equal_times_as_comfyui_does(int steps, int distinct) =>
        PlacementRules.Create("beta", Linear, steps).Times.Count.ShouldBe(distinct);

    [Fact]
    public void Every_rule_descends_strictly_inside_the_range() =>
        Prop.ForAll(
            Gen.Elements([.. PlacementRules.Names]).ToArbitrary(),
            Gen.Choose(2, 100).ToArbitrary(),
            Gen.Elements(Linear, Edm, new FlowNoiseSchedule(), Linear.For(TimeInput.Whole)).ToArbitrary(),
            (name, steps, noise) =>
            {
                var grid = PlacementRules.Create(name, noise, steps).Times;
                grid.Count.ShouldBeInRange(1, name == "ddim-uniform" ? steps + 10 : steps);
                grid.ShouldAllBe(t => t >= noise.MinTime && t <= noise.MaxTime);
                grid.Zip(grid.Skip(1)).ShouldAllBe(p => p.Second < p.First);
            }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("leading", 0, "at least 1 step")]
    [InlineData("leading", 1, "almost no noise, on pure noise")]
    [InlineData("leading", 1001, "at most 1000")]
    [InlineData("sideways", 4, "Known: arctan, beta")]
    public void Refuses_by_name(string name, int steps, string message) =>
        Should.Throw<ArgumentException>(() => PlacementRules.Create(name, Linear, steps)).Message.ShouldContain(message);

    [Fact]
    public void Ranges_outside_the_model_are_refused()
    {
        Should.Throw<ArgumentException>(() => PlacementRules.Create("trailing", Linear, 4, new PlacementOptions(Start: 1200))).Message.ShouldContain("[0, 999]");
        Should.Throw<ArgumentException>(() => PlacementOptions.Between(Edm, 2, 1)).Message.ShouldContain("sigma-min");
        Should.Throw<ArgumentException>(() => PlacementOptions.Between(Edm, null, 100)).Message.ShouldContain("outside the model's range");
        PlacementOptions.Between(new FlowNoiseSchedule(1000), 0.1, 0.9).ShouldBe((900, 100));
    }

    // I_0.5(0.6, 0.6) = 1/2; I_0.3(2, 3) = 0.3483 and the arcsine law in closed form
    [Fact]
    public void Beta_quantiles_invert_the_integral()
    {
        BetaDistribution.Quantile(0.5, 0.6, 0.6).ShouldBe(0.5, 1e-12);
        BetaDistribution.Cumulative(0.3, 2, 3).ShouldBe(0.3483, 1e-12);
        BetaDistribution.Quantile(0.3483, 2, 3).ShouldBe(0.3, 1e-10);
        (BetaDistribution.Quantile(0.2, 0.6, 0.6) + BetaDistribution.Quantile(0.8, 0.6, 0.6)).ShouldBe(1, 1e-12);
        BetaDistribution.Cumulative(0.25, 0.5, 0.5).ShouldBe(1.0 / 3, 1e-12);
    }
}
