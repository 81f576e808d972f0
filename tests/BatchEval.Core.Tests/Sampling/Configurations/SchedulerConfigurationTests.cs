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
}
