using System.Text.Json;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Configurations;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Configurations;

/// <summary>
/// The first calls and levels of published scheduler configurations, against diffusers itself (tools/golden/schedulers.py). Single precision there:
/// 2e-5 relative on sigmas and two units in the last place of abar, 1e-3 on times that no rule rounds (and 2e-3 where levels are, as single-precision tables move them).
/// </summary>
public sealed class SchedulerConfigurationTests
{
    private static readonly JsonElement Golden = SolverGoldenTests.Read("schedulers/grids.json").GetProperty("grids");

    public static TheoryData<string> Names => [.. Golden.EnumerateArray().Select(g => g.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Calls_and_levels_are_those_of_diffusers(string name)
    {
        var golden = Golden.EnumerateArray().Single(g => g.GetProperty("name").GetString() == name);
        var configuration = SchedulerConfiguration.Read(golden.GetProperty("configuration").GetRawText());
        var schedule = configuration.Schedule(
            golden.GetProperty("steps").GetInt32(),
            golden.TryGetProperty("tokens", out var tokens) ? tokens.GetInt32() : null,
            golden.TryGetProperty("even", out var even) ? even.GetBoolean() : null);
        var table = Solver.Table(Candidate.At(configuration.Solver, schedule.Times, schedule.End), configuration.Noise);

        var times = SolverGoldenTests.Numbers(golden.GetProperty("times"));
        // Multistep classes round the time that the network is told, and keep the level: here both are the level's own.
        var whole = times.All(t => t == Math.Round(t)) && configuration.Noise is not LogSigmaNoiseSchedule;
        double[] called = [.. table.Rows.Select(r => whole ? Math.Round(r.NetworkTime) : r.NetworkTime)];
        called.Length.ShouldBe(times.Length);
        called.Zip(times).ShouldAllBe(p => Math.Abs(p.First - p.Second) < (configuration.Noise is FlowNoiseSchedule && whole ? 1.001 : 2e-3));

        double?[] expected = [.. golden.GetProperty("sigmas").EnumerateArray().Select(s => s.ValueKind == JsonValueKind.Null ? (double?)null : s.GetDouble())];
        double[] sigmas = schedule.Sigmas(configuration.Noise);
        double?[] levels = [.. expected.Where((s, i) => i == 0 || s != expected[i - 1])];
        sigmas.Zip(levels).ShouldAllBe(p => p.Second == null ? double.IsPositiveInfinity(p.First) : Math.Abs(p.First - p.Second.Value) <= (2e-5 * p.Second.Value) + (configuration.Noise is DiscreteNoiseSchedule ? 1.2e-7 / (2 * Math.Max(1e-6, p.Second.Value)) : 1e-7));
        sigmas.Length.ShouldBe(levels.Length);

        var scale = configuration.StartScale(schedule) * configuration.Noise.StartScale(table.Rows[0].Level);
        var (alpha, init) = (table.Rows[0].Level.Alpha, golden.GetProperty("initNoiseSigma").GetDouble());
        scale.ShouldBe(init == 1 ? 1 : init * alpha, 2e-5);
    }

    // pipelines.md 1.5: what the reference notes print
    [Theory]
    [InlineData("SDXL", 0, 958, 11.476850)]
    [InlineData("SDXL", 1, 925, 9.543585)]
    [InlineData("SD 3", 1, 987.381, 0.987381)]
    [InlineData("SD 3", 27, 8.929, 0.008929)]
    [InlineData("Flux dev, 1024", 2, 976.222, 0.976222)]
    [InlineData("Flux dev, 512", 27, 65.020, 0.065020)]
    [InlineData("SVD", 1, 1.57553, 545.72925)]
    [InlineData("LDM-4", 0, 951, 53.0908)]
    public void Anchors_hold(string name, int call, double time, double sigma)
    {
        var golden = Golden.EnumerateArray().Single(g => g.GetProperty("name").GetString() == name);
        golden.GetProperty("times")[call].GetDouble().ShouldBe(time, 1e-3);
        golden.GetProperty("sigmas")[call].GetDouble().ShouldBe(sigma, 2e-5 * sigma + 1e-6);
    }

    [Theory]
    [InlineData("""{"_class_name":"KDPM2DiscreteScheduler"}""", "_class_name: is 'KDPM2DiscreteScheduler'; read are: DDIMScheduler")]
    [InlineData("""{"_class_name":"DDIMScheduler","beta_curve":1}""", "beta_curve: is a field that no scheduler is known to have")]
    [InlineData("""{"_class_name":"DDIMScheduler","beta_schedule":"sigmoid"}""", "beta_schedule: is 'sigmoid'; allowed: linear, scaled_linear, squaredcos_cap_v2")]
    [InlineData("""{"_class_name":"DDPMScheduler","variance_type":"learned"}""", "variance_type: is 'learned'; allowed: fixed_small, fixed_small_log, fixed_large, fixed_large_log, learned_range")]
    [InlineData("""{"_class_name":"FlowMatchEulerDiscreteScheduler","invert_sigmas":true}""", "invert_sigmas: is true")]
    [InlineData("""{"_class_name":"DDIMScheduler","beta_start":0,"beta_end":2}""", "beta[0] is 0")]
    [InlineData("""{"_class_name":"UniPCMultistepScheduler","disable_corrector":[0,2]}""", "disable_corrector: lists steps")]
    public void What_cannot_be_done_is_refused_by_name(string json, string message) =>
        Should.Throw<ProblemException>(() => SchedulerConfiguration.Read(json)).Message.ShouldContain(message);

    [Fact]
    public void Limits_and_foreign_fields_are_read_as_diffusers_reads_them()
    {
        SchedulerConfiguration.Read("""{"_class_name":"DDIMScheduler"}""").Limit.ShouldBe(new DataLimit(-1, 1));
        SchedulerConfiguration.Read("""{"_class_name":"DDPMScheduler","thresholding":true,"sample_max_value":1.5,"dynamic_thresholding_ratio":0.95}""").Limit.ShouldBe(new DataLimit(-1.5, 1.5, 0.95));
        var euler = SchedulerConfiguration.Read("""{"_class_name":"EulerDiscreteScheduler","_diffusers_version":"0.19.0","clip_sample":true,"set_alpha_to_one":false,"skip_prk_steps":true}""");
        (euler.Limit, euler.Schedule(4).End).ShouldBe((null, null));
        SchedulerConfiguration.Read("""{"_class_name":"DPMSolverMultistepScheduler","lambda_min_clipped":-Infinity}""").Schedule(5).Times[0].ShouldBe(999);
    }

    [Fact]
    public void Every_algorithm_and_order_is_a_solver_or_is_refused_by_name()
    {
        foreach (var (algorithm, order, type) in from a in new[] { "dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++" } from o in new[] { 1, 2, 3 } from t in new[] { "midpoint", "heun" } select (a, o, t))
        {
            var json = $$"""{"_class_name":"DPMSolverMultistepScheduler","algorithm_type":"{{algorithm}}","solver_order":{{order}},"solver_type":"{{type}}"}""";
            if ((order == 3 && algorithm.StartsWith("sde", StringComparison.Ordinal)) || (algorithm, order, type) == ("dpmsolver", 2, "heun"))
            {
                Should.Throw<ProblemException>(() => SchedulerConfiguration.Read(json)).Message.ShouldContain("not supported; allowed");
            }
            else
            {
                Solver.Parse(SchedulerConfiguration.Read(json).Solver).ShouldNotBeNull();
            }
        }
    }

    // x0 = x - u v, x' = (1 - u') x0 + u' z: pipelines.md 1.6, and FlowMatchEulerDiscreteScheduler.step of diffusers 58eb52c; 1e-9
    [Fact]
    public void Stochastic_sampling_of_flow_models_keeps_no_old_noise()
    {
        var configuration = SchedulerConfiguration.Read("""{"_class_name":"FlowMatchEulerDiscreteScheduler","stochastic_sampling":true,"shift":3.0}""");
        var schedule = configuration.Schedule(5);
        var (x, draws) = (1.7, new[] { 0.3, -1.2, 0.8, 2.1 });
        static double Network(double x, double t) => (0.8 * Math.Sin(x)) + (0.1 * t / 1000);
        var final = RowExecutor.Run(
            Solver.Table(Candidate.At(configuration.Solver, schedule.Times, schedule.End), configuration.Noise), PredictionType.Flow,
            (state, level) => [Network(state[0], level.Time)], [x], (row, z) => z[0] = draws[row]);
        double[] u = [.. schedule.Times.Select(t => t / 1000), 0];
        for (var i = 0; i < 5; i++)
        {
            var clean = x - (u[i] * Network(x, 1000 * u[i]));
            x = ((1 - u[i + 1]) * clean) + (i < 4 ? u[i + 1] * draws[i] : 0);
        }

        final[0].ShouldBe(x, 1e-9);
    }

    [Theory]
    [InlineData("""{"_class_name":"LCMScheduler","timestep_scaling":5.0}""", "lcm(scaling=5)")]
    [InlineData("""{"_class_name":"LCMScheduler","timestep_scaling":10.0}""", "lcm")]
    public void Own_fields_become_arguments(string json, string solver) => SchedulerConfiguration.Read(json).Solver.ShouldBe(solver);

    [Theory]
    [InlineData("""{"_class_name":"UniPCMultistepScheduler","lower_order_final":false}""", "lower_order_final: is false")]
    [InlineData("""{"_class_name":"DEISMultistepScheduler","lower_order_final":false}""", "lower_order_final: is false")]
    [InlineData("""{"_class_name":"DPMSolverMultistepScheduler","solver_order":3,"lower_order_final":false}""", "lower_order_final: is false")]
    [InlineData("""{"_class_name":"DPMSolverMultistepScheduler","algorithm_type":"dpmsolver","lower_order_final":false}""", "lower_order_final: is false")]
    [InlineData("""{"_class_name":"UniPCMultistepScheduler","solver_p":{"_class_name":"DDIMScheduler"}}""", "solver_p: names another scheduler")]
    [InlineData("""{"_class_name":"DPMSolverMultistepScheduler","use_flow_sigmas":true,"use_dynamic_shifting":true}""", "use_dynamic_shifting: is true")]
    [InlineData("""{"_class_name":"UniPCMultistepScheduler","use_flow_sigmas":true,"final_sigmas_type":"sigma_min"}""", "final_sigmas_type: is sigma_min with use_flow_sigmas")]
    public void Own_fields_that_cannot_be_done_are_refused_by_name(string json, string message) =>
        Should.Throw<ProblemException>(() => SchedulerConfiguration.Read(json)).Message.ShouldContain(message);

    [Fact]
    public void A_short_run_that_ends_at_sigma_min_with_a_lower_order_is_refused()
    {
        const string Json = """{"_class_name":"DPMSolverMultistepScheduler","final_sigmas_type":"sigma_min","lower_order_final":FLAG}""";
        Should.Throw<ArgumentException>(() => SchedulerConfiguration.Read(Json.Replace("FLAG", "true", StringComparison.Ordinal)).Schedule(10)).Message.ShouldContain("below 15 steps");
        SchedulerConfiguration.Read(Json.Replace("FLAG", "true", StringComparison.Ordinal)).Schedule(15).End.ShouldBe(0);
        SchedulerConfiguration.Read(Json.Replace("FLAG", "false", StringComparison.Ordinal)).Schedule(10).End.ShouldBe(0);
    }

    // a call at the level where sampling ends moves nothing (diffusers: dt = 0)
    [Theory]
    [InlineData("""{"_class_name":"EDMEulerScheduler","final_sigmas_type":"sigma_min"}""")]
    [InlineData("""{"_class_name":"EulerDiscreteScheduler","timestep_type":"continuous","prediction_type":"v_prediction","sigma_min":0.002,"sigma_max":700,"use_karras_sigmas":true,"final_sigmas_type":"sigma_min"}""")]
    [InlineData("""{"_class_name":"DDIMScheduler","set_alpha_to_one":false}""")]
    [InlineData("""{"_class_name":"DEISMultistepScheduler","use_flow_sigmas":true,"prediction_type":"flow_prediction"}""")]
    public void A_last_call_where_sampling_ends_is_left_out(string json)
    {
        var configuration = SchedulerConfiguration.Read(json);
        var schedule = configuration.Schedule(10);
        schedule.Times.Count.ShouldBe(9);
        schedule.End.ShouldNotBeNull().ShouldBeLessThan(schedule.Times[^1]);
        Solver.Table(Candidate.At(configuration.Solver, schedule.Times, schedule.End), configuration.Noise).Rows.Count.ShouldBe(9);
    }

    // from_config copies the fields of the class before; the new class has no parameter of that name
    [Theory]
    [InlineData("DDIMScheduler", "\"use_karras_sigmas\":true,\"final_sigmas_type\":\"sigma_min\",\"timestep_type\":\"continuous\",\"interpolation_type\":\"log_linear\",\"use_flow_sigmas\":true")]
    [InlineData("EulerAncestralDiscreteScheduler", "\"use_karras_sigmas\":true,\"use_lu_lambdas\":true,\"final_sigmas_type\":\"sigma_min\",\"interpolation_type\":\"log_linear\",\"thresholding\":true,\"timestep_type\":\"continuous\"")]
    [InlineData("EulerDiscreteScheduler", "\"use_lu_lambdas\":true,\"use_flow_sigmas\":true,\"thresholding\":true,\"clip_sample\":true,\"set_alpha_to_one\":false,\"lambda_min_clipped\":-5.1")]
    [InlineData("PNDMScheduler", "\"clip_sample\":true,\"thresholding\":true,\"use_exponential_sigmas\":true,\"rescale_betas_zero_snr\":true")]
    [InlineData("HeunDiscreteScheduler", "\"final_sigmas_type\":\"sigma_min\",\"rescale_betas_zero_snr\":true,\"interpolation_type\":\"log_linear\",\"timestep_type\":\"continuous\",\"sigma_max\":5.0")]
    [InlineData("LMSDiscreteScheduler", "\"final_sigmas_type\":\"sigma_min\",\"rescale_betas_zero_snr\":true,\"interpolation_type\":\"log_linear\"")]
    [InlineData("UniPCMultistepScheduler", "\"use_lu_lambdas\":true,\"euler_at_final\":true,\"clip_sample\":true,\"lambda_min_clipped\":-5.1")]
    [InlineData("TCDScheduler", "\"clip_sample\":true,\"thresholding\":true,\"use_beta_sigmas\":true")]
    [InlineData("FlowMatchHeunDiscreteScheduler", "\"use_dynamic_shifting\":true,\"shift_terminal\":0.1,\"use_karras_sigmas\":true,\"time_shift_type\":\"linear\"")]
    public void Fields_of_other_classes_have_no_effect(string name, string fields)
    {
        var (plain, swapped) = (SchedulerConfiguration.Read($$"""{"_class_name":"{{name}}"}"""), SchedulerConfiguration.Read($$"""{"_class_name":"{{name}}",{{fields}}}"""));
        var (a, b) = (plain.Schedule(8), swapped.Schedule(8));
        b.Times.ShouldBe(a.Times);
        (b.End, swapped.Solver, swapped.Limit, swapped.Prediction).ShouldBe((a.End, plain.Solver, plain.Limit, plain.Prediction));
        b.Sigmas(swapped.Noise).ShouldBe(a.Sigmas(plain.Noise));
        swapped.StartScale(b).ShouldBe(plain.StartScale(a));
    }

    [Theory]
    [InlineData("DDIMScheduler", "leading", true)]
    [InlineData("EulerDiscreteScheduler", "linspace", true)]
    [InlineData("EulerDiscreteScheduler", "leading", true)]
    [InlineData("EulerDiscreteScheduler", "trailing", false)]
    [InlineData("DPMSolverMultistepScheduler", "linspace", false)]
    public void One_step_that_would_call_pure_noise_at_the_smallest_time_is_refused(string name, string spacing, bool refused)
    {
        var configuration = SchedulerConfiguration.Read($$"""{"_class_name":"{{name}}","timestep_spacing":"{{spacing}}"}""");
        if (refused)
        {
            Should.Throw<ArgumentException>(() => configuration.Schedule(1)).Message.ShouldContain($"'{spacing}' with 1 step calls the network at t = 0 alone");
        }
        else
        {
            configuration.Schedule(1).Times.ShouldBe([999]);
        }
    }

    [Fact]
    public void Clipping_of_Heun_is_its_own_field() =>
        SchedulerConfiguration.Read("""{"_class_name":"HeunDiscreteScheduler","clip_sample":true,"clip_sample_range":2.0}""").Limit.ShouldBe(new DataLimit(-2, 2));
}
