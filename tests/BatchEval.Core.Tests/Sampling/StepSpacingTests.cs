using BatchEval.Core.Sampling;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>Spacings against the conventions of diffusers and Karras et al., and the laws that all of them keep.</summary>
public sealed class StepSpacingTests
{
    private static readonly NoiseSchedule Linear = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    [Fact]
    public void Leading_with_offset_1_and_5_steps_is_the_published_grid() =>
        StepSpacing.Create("leading", Linear, 5, new SpacingOptions(Offset: 1)).ShouldBe([801, 601, 401, 201, 1]);

    [Fact]
    public void Trailing_ends_one_below_the_stride() => StepSpacing.Create("trailing", Linear, 4).ShouldBe([999, 749, 499, 249]);

    [Fact]
    public void Linspace_holds_both_ends() => StepSpacing.Create("linspace", Linear, 4).ShouldBe([999, 666, 333, 0]);

    [Fact]
    public void Trimmed_trailing_is_the_same_rule_from_a_lower_start() =>
        StepSpacing.Create("trailing", Linear, 4, new SpacingOptions(Start: 599)).ShouldBe([599, 449, 299, 149]);

    [Fact]
    public void Karras_is_equation_5_with_rho_7()
    {
        // t_i = (80^(1/7) + i/9 (0.002^(1/7) - 80^(1/7)))^7; second knot of the published 10-step EDM grid: 45.3137 for 11 knots
        var grid = StepSpacing.Create("karras", new SigmaNoiseSchedule(0.002, 80), 11);
        double[] golden = [80, 45.3137, 24.4083, 12.3816, 5.8389, 2.5152, 0.9654, 0.3183, 0.0851, 0.0167, 0.002];
        grid.Zip(golden).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 6e-5);
    }

    [Fact]
    public void Log_snr_is_linear_in_log_sigma()
    {
        var grid = StepSpacing.Create("log-snr", new SigmaNoiseSchedule(0.002, 80), 11);
        double[] golden = [80, 27.7258, 9.609, 3.3302, 1.1542, 0.4, 0.1386, 0.0480, 0.0167, 0.0058, 0.002];
        grid.Zip(golden).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 6e-5);
    }

    [Fact]
    public void Every_spacing_descends_strictly_inside_the_range() =>
        Prop.ForAll(
            Gen.Elements([.. StepSpacing.Names]).ToArbitrary(),
            Gen.Choose(1, 100).ToArbitrary(),
            (name, steps) =>
            {
                var grid = StepSpacing.Create(name, Linear, steps);
                grid.Count.ShouldBe(steps);
                grid.ShouldAllBe(t => t >= 0 && t <= 999);
                grid.Zip(grid.Skip(1)).ShouldAllBe(p => p.Second < p.First);
            }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("leading", 0, "at least 1 step")]
    [InlineData("leading", 1001, "at most 1000")]
    [InlineData("sideways", 4, "Known: exponential, karras")]
    public void Refuses_by_name(string name, int steps, string message) =>
        Should.Throw<ArgumentException>(() => StepSpacing.Create(name, Linear, steps)).Message.ShouldContain(message);

    [Fact]
    public void Refuses_a_start_outside_the_model() =>
        Should.Throw<ArgumentException>(() => StepSpacing.Create("trailing", Linear, 4, new SpacingOptions(Start: 1200))).Message.ShouldContain("[0, 999]");
}
