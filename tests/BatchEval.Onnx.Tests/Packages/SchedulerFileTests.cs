using BatchEval.Core.Json;
using BatchEval.Onnx.Packages.Diffusers;

namespace BatchEval.Onnx.Tests.Packages;

/// <summary>Scheduler files as folders and <c>model init</c> read them; what they say is SchedulerConfigurationTests' matter.</summary>
public sealed class SchedulerFileTests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    [Fact]
    public void A_file_is_named_with_its_field()
    {
        var refused = Should.Throw<ProblemException>(() => Read("{\"_class_name\": \"DDIMScheduler\", \"beta_schedule\": \"sigmoid\"}")).Message;
        refused.ShouldContain(file);
        refused.ShouldContain("beta_schedule: is 'sigmoid'; allowed: linear, scaled_linear, squaredcos_cap_v2");
        Should.Throw<ProblemException>(() => Read("{}")).Message.ShouldContain("_class_name: is missing");
    }

    [Fact]
    public void A_process_that_ends_without_signal_is_read() =>
        Read("{\"_class_name\": \"DDIMScheduler\", \"rescale_betas_zero_snr\": true, \"prediction_type\": \"v_prediction\"}").Noise.At(999).IsPureNoise.ShouldBeTrue();

    [Theory]
    [InlineData("\"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085, \"beta_end\": 0.012", "scaled-linear", 0.00085, 0.012)]
    [InlineData("\"beta_schedule\": \"squaredcos_cap_v2\"", "cosine", 1e-4, 0.02)]
    public void Betas_are_said_by_kind_and_ends(string fields, string kind, double start, double end) =>
        Read($"{{\"_class_name\": \"DDPMScheduler\", {fields}}}").Betas.ShouldBe((kind, start, end));

    public void Dispose() => File.Delete(file);

    private Core.Sampling.Configurations.SchedulerConfiguration Read(string json)
    {
        File.WriteAllText(file, json);
        return DiffusersFolder.ReadSchedulerFile(file);
    }
}
