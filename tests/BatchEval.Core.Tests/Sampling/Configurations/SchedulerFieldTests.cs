using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Configurations;

namespace BatchEval.Core.Tests.Sampling.Configurations;

/// <summary>Single fields of scheduler configurations, where no grid of diffusers is at hand: expectations by hand from the formulas that each test names.</summary>
public sealed class SchedulerFieldTests
{
    // What diffusers' documentation says of algorithm_type, solver_order, solver_type, predict_x0 and disable_corrector
    [Theory]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\":1", "dpmpp-1")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\":2", "dpmpp-2m")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_type\":\"heun\"", "dpmpp-2m(heun=1)")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\":3", "dpmpp-3m(diffusers=1)")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"dpmsolver\",\"solver_order\":1", "ddim")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"dpmsolver\"", "dpm-2m")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"dpmsolver\",\"solver_order\":3", "dpm-3m")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"sde-dpmsolver\",\"solver_order\":1", "sde-dpm-1")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"sde-dpmsolver\"", "sde-dpm-2m")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"sde-dpmsolver\",\"solver_type\":\"heun\"", "sde-dpm-2m(heun=1)")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"sde-dpmsolver++\",\"solver_order\":1", "sde-dpmpp-1")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"sde-dpmsolver++\"", "sde-dpmpp-2m")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\":\"sde-dpmsolver++\",\"solver_type\":\"heun\"", "sde-dpmpp-2m(heun=1)")]
    [InlineData("DEISMultistepScheduler", "\"solver_order\":2", "deis")]
    [InlineData("DEISMultistepScheduler", "\"solver_order\":3", "deis(order=3)")]
    [InlineData("DEISMultistepScheduler", "\"solver_order\":1,\"lower_order_final\":false", "deis(order=1)")]
    [InlineData("UniPCMultistepScheduler", "\"solver_type\":\"bh2\"", "unipc")]
    [InlineData("UniPCMultistepScheduler", "\"solver_type\":\"bh1\"", "unipc(bh=1)")]
    [InlineData("UniPCMultistepScheduler", "\"solver_order\":3,\"predict_x0\":false,\"disable_corrector\":[1,0]", "unipc(noise=1,order=3,uncorrected=2)")]
    public void Fields_choose_the_solver(string name, string fields, string solver) => SchedulerConfiguration.Read(Json(name, fields)).Solver.ShouldBe(solver);

    // shift 3: 3 u / (1 + 2 u) of linspace(1, 0.001, 5)[:-1], 1 less 1e-6; then stretched so that the last is 0.1: 1 - (1 - u) 0.9 / (1 - 0.500999)
    [Theory]
    [InlineData("", 0.999999, 0.9001200, 0.7503748, 0.5009990)]
    [InlineData(",\"shift_terminal\":0.1", 0.999999, 0.8198560, 0.5497751, 0.1)]
    public void Flow_levels_of_unipc_begin_at_pure_noise(string terminal, params double[] levels)
    {
        var configuration = SchedulerConfiguration.Read(Json("UniPCMultistepScheduler", "\"use_flow_sigmas\":true,\"prediction_type\":\"flow_prediction\",\"flow_shift\":3.0" + terminal));
        configuration.Schedule(4).Times.Select(t => t / 1000).ToArray().ShouldBe(levels, 1e-6);
    }

    // mu = base_shift at the fewest tokens; e^mu / (e^mu + 1/u - 1) of linspace(1, 1/1000, 2), which the class takes where a pipeline gives no levels
    [Fact]
    public void A_dynamic_shift_needs_the_size_of_the_image()
    {
        var configuration = SchedulerConfiguration.Read(Json("FlowMatchEulerDiscreteScheduler", "\"use_dynamic_shifting\":true"));
        configuration.Schedule(2, 256, even: false).Times.ToArray().ShouldBe([1000, 1000 * Math.Exp(0.5) / (Math.Exp(0.5) + 999)], 1e-6);
        Should.Throw<ArgumentException>(() => configuration.Schedule(2)).Message.ShouldContain("say how many tokens it has");
    }

    // exp(linspace(log sigma_999, log sigma_0, n + 1)), of which the last is where sampling ends; sigmas: pipelines.md 1.5. With a list of sigmas, its ends are those of the whole table.
    [Fact]
    public void Log_linear_levels_are_those_of_diffusers_and_end_at_the_smallest_one()
    {
        const string Betas = "\"beta_start\":0.00085,\"beta_end\":0.012,\"beta_schedule\":\"scaled_linear\",\"interpolation_type\":\"log_linear\"";
        // EulerDiscreteScheduler of diffusers 58eb52c with set_timesteps(6); without a list the last of these levels is where its sixth step ends
        double[] levels = [14.6146, 5.18569, 1.84003, 0.652896, 0.231666, 0.0822018, 0.0291675];
        var configuration = SchedulerConfiguration.Read(Json("EulerDiscreteScheduler", Betas));
        configuration.Schedule(6).Sigmas(configuration.Noise).Select((found, i) => found / levels[i]).ToArray().ShouldBe([1.0, 1, 1, 1, 1, 1, 1], 1e-4);
        var karras = SchedulerConfiguration.Read(Json("EulerDiscreteScheduler", Betas + ",\"use_karras_sigmas\":true"));
        karras.Schedule(6).Sigmas(karras.Noise).ShouldBe([14.6146, 6.08216, 2.23216, 0.692574, 0.169758, 0.0291675, 0], 2e-4);
    }

    [Fact]
    public void As_many_steps_as_the_table_has_are_allowed_and_no_more()
    {
        SchedulerConfiguration.Read(Json("DDIMScheduler", "\"timestep_spacing\":\"trailing\"")).Schedule(1000).Times.ShouldBe(Enumerable.Range(0, 1000).Reverse().Select(t => (double)t));
        SchedulerConfiguration.Read(Json("LCMScheduler", "\"original_inference_steps\":50")).Schedule(50).Times.Count.ShouldBe(50);
        Refuses("DDIMScheduler", "\"clip_sample\":false", 1001, "1001 steps asked of a model trained on 1000; ask for at most 1000");
        Refuses("LCMScheduler", "\"original_inference_steps\":50", 51, "51 steps asked of a model distilled on 50; ask for at most 50");
        Refuses("DDIMScheduler", "\"clip_sample\":false", 0, "at least 1 step, got 0");
        Refuses("DDIMScheduler", "\"timestep_spacing\":\"leading\",\"steps_offset\":1", 1, "calls the network at t = 1 alone");
    }

    // DEIS ends at its own last level, where a call changes nothing; a single call is kept
    [Fact]
    public void The_only_call_is_never_left_out()
    {
        var schedule = SchedulerConfiguration.Read(Json("DEISMultistepScheduler", "\"use_flow_sigmas\":true,\"prediction_type\":\"flow_prediction\"")).Schedule(1);
        (schedule.Times.Count, schedule.End).ShouldBe((1, null));
    }

    // A network that predicts noise says nothing of the image at pure noise: 2^-24 of abar is kept for it.
    [Theory]
    [InlineData("v_prediction", true)]
    [InlineData("epsilon", false)]
    public void Nothing_is_left_of_the_signal_only_where_the_network_does_not_predict_noise(string prediction, bool infinite) =>
        double.IsPositiveInfinity(SchedulerConfiguration.Read(Json("DDIMScheduler", $"\"beta_start\":0.00085,\"beta_end\":0.012,\"beta_schedule\":\"scaled_linear\",\"rescale_betas_zero_snr\":true,\"prediction_type\":\"{prediction}\"")).Noise.At(999).Ratio).ShouldBe(infinite);

    [Theory]
    [InlineData("DPMSolverMultistepScheduler", "\"euler_at_final\":true,\"final_sigmas_type\":\"sigma_min\"", "euler_at_final: is true with an ending above 0")]
    [InlineData("EulerDiscreteScheduler", "\"timestep_type\":\"continuous\"", "timestep_type: is continuous, which diffusers supports with v_prediction only")]
    public void Combinations_that_cannot_be_done_are_refused(string name, string fields, string message) =>
        Should.Throw<ProblemException>(() => SchedulerConfiguration.Read(Json(name, fields))).Message.ShouldContain(message);

    private static void Refuses(string name, string fields, int steps, string message) =>
        Should.Throw<ArgumentException>(() => SchedulerConfiguration.Read(Json(name, fields)).Schedule(steps)).Message.ShouldContain(message);

    private static string Json(string name, string fields) => $$"""{"_class_name":"{{name}}",{{fields}}}""";
}
