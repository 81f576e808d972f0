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

    [Fact]
    public void Flow_models_start_at_pure_noise()
    {
        var level = new FlowNoiseSchedule(1000).At(1000);
        (level.Alpha, level.Sigma, level.IsPureNoise, double.IsFinite(level.Lambda)).ShouldBe((0, 1, true, true));
        Should.Throw<ArgumentException>(() => DataPrediction.For(PredictionType.Epsilon, level)).Message.ShouldContain("no signal is left");
    }

    // diffusers rescale_zero_terminal_snr of the cosine betas: abar_981 and abar_1 of I2VGen-XL (pipelines.md 1.5)
    [Fact]
    public void Zero_terminal_snr_moves_the_end_and_keeps_the_beginning()
    {
        var noise = DiscreteNoiseSchedule.Cosine(1000).InSinglePrecision().WithoutSignalAtTheEnd();
        noise.CumulativeAlphas[981].ShouldBe(7.8403e-4, 1e-7);
        noise.CumulativeAlphas[1].ShouldBe(0.9999125, 1e-6);
        (noise.CumulativeAlphas[999], noise.At(999).Alpha, noise.MaxRatioTime).ShouldBe((0, 0, 998));
        noise.At(998.5).Sigma.ShouldBeInRange(noise.At(998).Sigma, 1);
    }

    // torch 1.13: cumprod of single-precision betas of Stable Diffusion (pipelines.md 1.5)
    [Fact]
    public void Single_precision_is_diffusers()
    {
        var noise = DiscreteNoiseSchedule.ScaledLinear(1000, 0.00085, 0.012).InSinglePrecision();
        noise.At(0).Ratio.ShouldBe(0.02916753, 1e-7);
        noise.At(999).Ratio.ShouldBe(14.614645, 2e-5);
        noise.CumulativeAlphas[999].ShouldBe(0.00466010, 1e-8);
    }

    // Karras et al. 2022, table 1: c_skip, c_out, c_in and c_noise at sigma = 2, sigma_data = 0.5
    [Fact]
    public void Edm_preconditioning_is_a_process_and_a_prediction_type()
    {
        var noise = new LogSigmaNoiseSchedule(0.002, 80, 0.5);
        var level = noise.At(noise.TimeOfRatio(2));
        level.Time.ShouldBe(Math.Log(2) / 4, 1e-12);
        level.Alpha.ShouldBe(1 / Math.Sqrt(4.25), 1e-12);
        var (fromState, fromNetwork) = DataPrediction.For(PredictionType.Edm, level);
        (fromState * level.Alpha).ShouldBe(0.25 / 4.25, 1e-12);
        fromNetwork.ShouldBe(2 * 0.5 / Math.Sqrt(4.25), 1e-12);
        (noise.At(noise.MaxTime).Ratio, noise.StartScale(noise.At(noise.MaxTime))).ShouldBe((80, 80 / Math.Sqrt(6400.25)));
    }

    [Fact]
    public void A_network_of_whole_times_is_called_with_the_level_of_the_whole_time()
    {
        var noise = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).For(TimeInput.Whole);
        var row = BatchEval.Core.Sampling.Solvers.Solver.Table(Candidate.At("ddim", [300.4]), noise).Rows[0];
        (row.NetworkTime, row.Level.Ratio).ShouldBe((300, noise.At(300).Ratio));
        Candidate.At("ddim", [300.4, 300.2]).Violations(noise, 0).ShouldHaveSingleItem().ShouldContain("are one time for this network");
    }

    // u = r / (1 + r)
    [Fact]
    public void Flow_times_of_ratios_invert_the_straight_line()
    {
        var flow = new FlowNoiseSchedule(1000);
        (flow.TimeOfRatio(1), flow.TimeOfRatio(3), flow.TimeOfRatio(double.PositiveInfinity), flow.TimeOfRatio(0)).ShouldBe((500, 750, 1000, 0.1));
        (flow.MinTime, flow.MaxTime).ShouldBe((0.1, 1000));
        flow.MaxRatioTime.ShouldBe(999.9, 1e-9);
        flow.TimeOfSigma(0.25).ShouldBe(250);
        flow.TrainingTime(flow.At(250)).ShouldBe(250, 1e-12);
        flow.SigmaAt(250).ShouldBe(0.25);
        flow.StartScale(flow.At(1000)).ShouldBe(1);
    }

    [Fact]
    public void Numbers_that_are_no_process_are_refused_by_name()
    {
        Should.Throw<ArgumentException>(() => DiscreteNoiseSchedule.OfCumulativeAlphas([0.5])).Message.ShouldContain("at least 2 values of abar, got 1");
        Should.Throw<ArgumentException>(() => DiscreteNoiseSchedule.OfCumulativeAlphas([1, 0.5])).Message.ShouldContain("abar[0] is 1");
        Should.Throw<ArgumentException>(() => DiscreteNoiseSchedule.OfCumulativeAlphas([0.5, 0.5])).Message.ShouldContain("abar[1] is 0.5");
        Should.Throw<ArgumentException>(() => DiscreteNoiseSchedule.OfCumulativeAlphas([0.5, 0, -0.1])).Message.ShouldContain("abar[1] is 0");
        Should.Throw<ArgumentException>(() => DiscreteNoiseSchedule.OfCumulativeAlphas([0.5, -0.1])).Message.ShouldContain("abar[1] is -0.1");
        DiscreteNoiseSchedule.OfCumulativeAlphas([0.5, 0]).MaxTime.ShouldBe(1);
        Should.Throw<ArgumentException>(() => new DiscreteNoiseSchedule([0.5])).Message.ShouldContain("at least 2 betas, got 1");
        Should.Throw<ArgumentException>(() => new DiscreteNoiseSchedule([0.5, 0])).Message.ShouldContain("beta[1] is 0");
        Should.Throw<ArgumentException>(() => new DiscreteNoiseSchedule([1, 0.5])).Message.ShouldContain("beta[0] is 1");
        foreach (var (low, high) in new[] { (0, 1), (1, 1), (1, double.PositiveInfinity) })
        {
            Should.Throw<ArgumentException>(() => new SigmaNoiseSchedule(low, high)).Message.ShouldContain("0 < sigmaMin < sigmaMax");
            Should.Throw<ArgumentException>(() => new LogSigmaNoiseSchedule(low, high)).Message.ShouldContain("0 < sigmaMin < sigmaMax");
        }

        Should.Throw<ArgumentException>(() => new LogSigmaNoiseSchedule(1, 2, 0)).Message.ShouldContain("sigmaData = 0");
        Should.Throw<ArgumentOutOfRangeException>(() => new FlowNoiseSchedule(0));
    }

    // ln sigma from ln 0.002 to ln 80 in 1000 parts, the index of a discrete model
    [Fact]
    public void Times_in_the_unit_of_discrete_training()
    {
        var edm = new SigmaNoiseSchedule(0.002, 80);
        (edm.TrainingTime(edm.At(0.002)), edm.TrainingTime(edm.At(80))).ShouldBe((0, 1000));
        edm.TrainingTime(edm.At(0.4)).ShouldBe(500, 1e-9);
        DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).TrainingTime(DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).At(123.4)).ShouldBe(123.4);
    }

    [Fact]
    public void The_next_time_that_a_network_can_be_told()
    {
        var linear = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
        var (whole, half) = (linear.For(TimeInput.Whole), linear.For(TimeInput.Half));
        (whole.Beside(5, 1), whole.Beside(5.5, 1), whole.Beside(5, -1), whole.Beside(5.5, -1)).ShouldBe((6, 6, 4, 5));
        (half.Beside(1, 1), half.Beside(1, -1)).ShouldBe((1 + (1.0 / 1024), 1 - (1.0 / 2048)));
        (linear.Beside(5, 1), linear.Beside(5, -1)).ShouldBe((5, 5));
    }

    [Fact]
    public void Times_are_stated_to_nine_digits_of_the_largest()
    {
        DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).Stated(123.45678901234).ShouldBe(123.456789);
        new SigmaNoiseSchedule(0.002, 80).Stated(1.23456789012).ShouldBe(1.2345679);
        new FlowNoiseSchedule().Stated(0.12345678949).ShouldBe(0.123456789);
    }

    // v = alpha eps - sigma x0 of x = alpha x0 + sigma eps, at levels whose variance is not 1 too
    [Theory]
    [InlineData(0.6, 0.8)]
    [InlineData(0.6, 1.2)]
    [InlineData(1, 2)]
    public void The_data_prediction_of_v_is_the_data(double alpha, double sigma)
    {
        var (fromState, fromNetwork) = DataPrediction.For(PredictionType.V, new NoiseLevel(1, alpha, sigma));
        const double Data = 0.7, Noise = -1.3;
        ((fromState * ((alpha * Data) + (sigma * Noise))) + (fromNetwork * ((alpha * Noise) - (sigma * Data)))).ShouldBe(Data, 1e-14);
    }
}
