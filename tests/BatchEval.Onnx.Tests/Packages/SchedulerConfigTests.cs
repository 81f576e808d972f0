using System.Globalization;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Packages.Diffusers;

namespace BatchEval.Onnx.Tests.Packages;

/// <summary>
/// Noise and grids of published models' scheduler files. Source: diffusers' formulas in float32 (research/pipelines.md 1.5, "Anchors for a reader"); tolerances
/// are the digits given there.
/// </summary>
public sealed class SchedulerConfigTests : IDisposable
{
    private const string Latent = "\"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": \"scaled_linear\"";
    private readonly string file = Path.GetTempFileName();

    [Fact]
    public void Stable_diffusion()
    {
        var config = Read($"{{\"_class_name\": \"PNDMScheduler\", {Latent}, \"skip_prk_steps\": true, \"set_alpha_to_one\": false, \"steps_offset\": 1, \"clip_sample\": false}}");
        config.Schedule.At(0).Ratio.ShouldBe(0.02916753, 1e-6);
        config.Schedule.At(999).Ratio.ShouldBe(14.614645, 1e-4);
        config.ClipRange.ShouldBeNull();
        var grid = config.Grid.Create(config.Schedule, 50, 0);
        grid.Times.Take(3).ShouldBe([981.0, 961, 941]);
        grid.End.ShouldBe(0);
    }

    [Fact]
    public void Sdxl_with_euler_and_30_steps()
    {
        var config = Read($"{{\"_class_name\": \"EulerDiscreteScheduler\", {Latent}, \"timestep_spacing\": \"leading\", \"steps_offset\": 1, \"set_alpha_to_one\": false, \"clip_sample\": false}}");
        var grid = config.Grid.Create(config.Schedule, 30, 0);
        (grid.Times[0], grid.Times[1], grid.Times[2], grid.Times[28], grid.Times[29]).ShouldBe((958, 925, 892, 34, 1));
        config.Schedule.At(958).Ratio.ShouldBe(11.476850, 1e-4);
        config.Schedule.At(1).Ratio.ShouldBe(0.041314, 1e-5);
        grid.End.ShouldBeNull();
        config.Solver.ShouldBe("euler");
    }

    [Theory]
    [InlineData("\"shift\": 3.0", false, 28, 0, "1 0.987381 0.974108 0.960129", "0.199827 0.110906 0.008929")]
    [InlineData("\"use_dynamic_shifting\": true, \"base_shift\": 0.5, \"max_shift\": 1.15", true, 28, 4096, "1 0.988409 0.976222", "0.195455 0.104721")]
    [InlineData("\"use_dynamic_shifting\": true, \"base_shift\": 0.5, \"max_shift\": 1.15", true, 28, 1024, "1 0.980656 0.960644", "0.126204 0.065020")]
    [InlineData("\"shift\": 1.0", true, 4, 4096, "1 0.75 0.5 0.25", "0.25")]
    public void Flow_models(string fields, bool fromPipeline, int steps, int tokens, string first, string last)
    {
        var config = Read($"{{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", {fields}}}");
        var u = (config.Grid with { FromPipeline = fromPipeline }).Create(config.Schedule, steps, tokens).Times.Select(t => t / 1000).ToList();
        Numbers(first).Zip(u).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1.5e-6);
        Numbers(last).Zip(u.TakeLast(Numbers(last).Length)).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1.5e-6);
        config.Prediction.ShouldBe(PredictionType.Flow);
    }

    [Fact]
    public void What_is_not_supported_is_named()
    {
        Should.Throw<ProblemException>(() => Read("{\"_class_name\": \"DDIMScheduler\", \"rescale_betas_zero_snr\": true}")).Message.ShouldContain("rescale_betas_zero_snr: is true");
        Should.Throw<ProblemException>(() => Read("{\"_class_name\": \"DDIMScheduler\", \"beta_schedule\": \"sigmoid\"}")).Message.ShouldContain("beta_schedule: is 'sigmoid'; allowed: linear, scaled_linear, squaredcos_cap_v2");
        Should.Throw<ProblemException>(() => Read("{}")).Message.ShouldContain("_class_name: is missing");
    }

    public void Dispose() => File.Delete(file);

    private SchedulerConfig Read(string json)
    {
        File.WriteAllText(file, json);
        return SchedulerConfig.Read(file);
    }

    private static double[] Numbers(string text) => [.. text.Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
}
