using BatchEval.Tests.Shared;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Commands;

public sealed class ScheduleCommandTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private readonly TestShell shell = new();

    public void Dispose() => shell.Dispose();

    private Task<CliResult> RunAsync(params string[] rest) => shell.RunAsync(["schedule", .. rest, "--model", TestShell.Digits]);

    [Fact]
    public async Task A_published_list_is_printed_for_the_model()
    {
        var result = await RunAsync("ays", "--preset", "sd15", "--steps", "10", "--json");
        result.Code.ShouldBe(0);
        result.Json["timesteps"]!.AsArray().Count.ShouldBe(10);
        result.Json["sigmas"]!.AsArray().Count.ShouldBe(11);
        result.Json["sigmas"]![0]!.GetValue<double>().ShouldBe(14.615, 0.1);
        result.Json["sigmas"]![10]!.GetValue<double>().ShouldBe(0);
        result.Json["ending"]!.GetValue<string>().ShouldBe("zero");
    }

    // The text "Infinity", which no reader of numbers takes.
    [Fact]
    public async Task A_sigma_without_signal_is_null()
    {
        foreach (var file in Directory.GetFiles(TestShell.Digits, "*", SearchOption.TopDirectoryOnly))
        {
            var target = shell.PathOf(Path.Combine("zero", Path.GetFileName(file)));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        var manifest = shell.PathOf("zero/model.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"trainSteps\": 1000,", "\"trainSteps\": 1000, \"zeroTerminalSnr\": true,", StringComparison.Ordinal));
        var result = (await shell.RunAsync("schedule", "trailing", "--steps", "4", "--model", "zero", "--json")).ShouldSucceed();
        var sigmas = result.Json["sigmas"]!.AsArray();
        (sigmas[0], sigmas[1]!.GetValue<double>() > 1, result.Out.Contains("Infinity", StringComparison.Ordinal)).ShouldBe((null, true, false));
    }

    [Theory]
    [InlineData("diffusers", "pipe.scheduler = TableScheduler(")]
    [InlineData("comfyui", "The line above goes into ManualSigmas, alone.")]
    [InlineData("comfyui-workflow", "\"class_type\": \"SamplerCustomAdvanced\"")]
    [InlineData("k-diffusion", "clampDenoised: data predictions are clamped to [-1, 1]")]
    [InlineData("json", "\"ending\"")]
    [InlineData("sampler", "\"startScale\": 1")]
    public async Task Exports_are_what_tools_take(string form, string words) =>
        (await RunAsync("karras", "--steps", "4", "--export", form)).Out.ShouldContain(words);

    [Fact]
    public async Task Respacing_strings_give_their_own_number_of_calls()
    {
        var result = await RunAsync("respacing", "--respacing", "2,3", "--json");
        result.Json["timesteps"]!.AsArray().Select(t => t!.GetValue<double>()).ShouldBe([999, 750, 500, 499, 0]);
    }

    [Fact]
    public async Task Gits_measures_what_it_is_asked_to()
    {
        string[] gits = ["gits", "--solver", "dpmpp-2m", "--steps", "4", "--grid", "24", "--json"];
        var (standard, l2, chord) = (await RunAsync(gits), await RunAsync([.. gits, "--distance", "l2"]), await RunAsync([.. gits, "--distance", "chord"]));
        l2.Out.ShouldBe(standard.Out);
        chord.Json["timesteps"]!.ToJsonString().ShouldNotBe(l2.Json["timesteps"]!.ToJsonString());
        (await RunAsync([.. gits, "--distance", "l1"])).ShouldBeRefused("'l2'", "'chord'");
    }

    [Fact]
    public async Task A_computed_schedule_says_what_it_cost()
    {
        var result = await RunAsync("klub-dp", "--bound", "--steps", "3", "--grid", "12", "--paths", "8", "--json");
        result.Code.ShouldBe(0, result.Error);
        result.Json["networkCallsSpent"]!.GetValue<long>().ShouldBe(96);
        result.Json["timesteps"]!.AsArray().Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_comparison_is_kept_in_the_store_and_printed_again_without_sampling()
    {
        string[] command = ["trailing", "--steps", "2", "--compare", "--samples", "20", "--store", azurite.ConnectionString, "--json"];
        var first = await RunAsync(command);
        first.Code.ShouldBe(0, first.Error);
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var kept = await store.ListAsync(BlobNames.ShardRoot);
        var again = await RunAsync(command);
        again.Out.ShouldBe(first.Out);
        (await store.ListAsync(BlobNames.ShardRoot)).ShouldBe(kept);
        var times = first.Json["comparison"]!.AsArray().Select(l => l!["timesteps"]!.ToJsonString()).Distinct();
        kept.Count(b => b.Name.EndsWith("result.json", StringComparison.Ordinal)).ShouldBe(times.Count());
        first.Json["comparison"]!.AsArray().ShouldAllBe(l => l!["fid"]!.GetValue<double>() > 0);
    }

    [Theory]
    [InlineData("at least 1 step", "karras", "--steps", "0")]
    [InlineData("sigma-min", "karras", "--sigma-min", "3", "--sigma-max", "1")]
    [InlineData("outside the model's range", "karras", "--sigma-max", "1000")]
    [InlineData("outside the model's range", "ays", "--preset", "svd")]
    [InlineData("needs --preset", "ays")]
    [InlineData("Unknown schedule method", "magic")]
    [InlineData("Unknown solver", "karras", "--solver", "magic")]
    [InlineData("do not fit a grid", "klub-dp", "--bound", "--steps", "20", "--grid", "8", "--paths", "8")]
    public async Task Bad_requests_are_refused_by_name(string words, params string[] rest) => (await RunAsync(rest)).ShouldBeRefused(words);
}
