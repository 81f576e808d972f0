using BatchEval.Core.Sampling;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>Noise schedules against published sigmas, and the laws they keep.</summary>
public sealed class NoiseScheduleTests
{
    // Align Your Steps, SD 1.5: sigmas at training indices, as published to four digits and more
    [Theory]
    [InlineData(999, 14.6146412293)]
    [InlineData(850, 6.4745760956)]
    [InlineData(455, 1.3943805092)]
    [InlineData(0, 0.0291671582)]
    public void Scaled_linear_gives_the_sigmas_of_stable_diffusion(int t, double sigma) =>
        DiscreteNoiseSchedule.ScaledLinear(1000, 0.00085, 0.012).At(t).Ratio.ShouldBe(sigma, 2e-5 * sigma);

    // DeepFloyd-IF stage 1 (cosine), published sigmas at indices
    [Theory]
    [InlineData(995, 160.41)]
    [InlineData(920, 8.081)]
    [InlineData(555, 1.207)]
    [InlineData(0, 0.006)]
    public void Cosine_gives_the_sigmas_of_deepfloyd(int t, double sigma) =>
        DiscreteNoiseSchedule.Cosine(1000).At(t).Ratio.ShouldBe(sigma, Math.Max(1e-3, 1e-4 * sigma));

    [Fact]
    public void Time_and_ratio_are_inverse_to_each_other() =>
        Prop.ForAll(Gen.Choose(0, 9990).ToArbitrary(), tenth =>
        {
            var schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
            schedule.TimeOfRatio(schedule.At(tenth / 10.0).Ratio).ShouldBe(tenth / 10.0, 1e-6);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Variance_is_preserved_between_the_grid_points_too()
    {
        var level = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).At(123.4);
        ((level.Alpha * level.Alpha) + (level.Sigma * level.Sigma)).ShouldBe(1, 1e-12);
    }

    [Fact]
    public void Refuses_times_outside_the_range() =>
        Should.Throw<ArgumentOutOfRangeException>(() => DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).At(1000)).Message.ShouldContain("[0, 999]");

    [Fact]
    public void Refuses_a_beta_outside_its_range() =>
        Should.Throw<ArgumentException>(() => DiscreteNoiseSchedule.Linear(1000, 1e-4, 1.5)).Message.ShouldContain("(0, 1)");

    [Fact]
    public void Flow_schedule_is_the_straight_line()
    {
        var level = new FlowNoiseSchedule().At(0.25);
        (level.Alpha, level.Sigma).ShouldBe((0.75, 0.25));
        DataPrediction.For(PredictionType.Flow, level).ShouldBe(new DataPrediction(1, -0.25));
    }
}
