using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Commands;

public sealed class ModelCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public async Task Inspect_lists_the_blocks_with_their_costs()
    {
        var result = (await shell.RunAsync("model", "inspect", TestShell.Digits, "--batch", "1", "--json")).ShouldSucceed();

        result.Json["macs"]!.GetValue<double>().ShouldBe(58458112);
        var blocks = result.Json["blocks"]!.AsArray();
        blocks.Count.ShouldBe(13);
        blocks[3]!["name"]!.GetValue<string>().ShouldBe("d8_attn");
        blocks[3]!["kind"]!.GetValue<string>().ShouldBe("attention");
        blocks[3]!["resolution"]!.GetValue<string>().ShouldBe("8x8");
        blocks[3]!["macs"]!.GetValue<double>().ShouldBe(1572864);
        blocks.Sum(b => b!["milliseconds"]!.GetValue<double>()).ShouldBePositive();
        result.Error.ShouldContain("13 droppable blocks hold");
    }

    [Fact]
    public async Task Inspect_without_timing_is_a_table_of_counts()
    {
        var result = (await shell.RunAsync("model", "inspect", Network("unet2d"), "--no-timing")).ShouldSucceed();
        result.Out.ShouldContain("down_blocks.1.attentions.0");
        result.Out.ShouldContain("4.581 million multiply-adds");
    }

    [Fact]
    public async Task Compare_times_all_ways()
    {
        var result = (await shell.RunAsync("model", "compare", TestShell.Digits, "--batch", "1", "--rounds", "2", "--json")).ShouldSucceed();
        result.Json.AsArray().Count.ShouldBe(7);
        result.Json[0]!["ratio"]!.GetValue<double>().ShouldBe(1);
    }

    [Fact]
    public async Task A_folder_that_is_no_package_is_refused() =>
        (await shell.RunAsync("model", "inspect", "nowhere")).ShouldBeRefused("is not a model package");

    [Fact]
    public async Task Inspect_shows_inputs_the_noise_and_numbers_in_their_own_units()
    {
        var result = (await shell.RunAsync("model", "inspect", TestShell.Digits, "--no-timing")).ShouldSucceed();
        result.Out.ShouldContain("input   class_labels [B] int64");
        result.Out.ShouldContain("noise   discrete, times 0 to 999");
        result.Out.ShouldContain("58.458 million multiply-adds");
    }

    [Fact]
    public async Task A_bare_network_becomes_a_package_that_samples_the_same()
    {
        Directory.CreateDirectory(shell.PathOf("mine"));
        File.Copy(Path.Combine(TestShell.Digits, "unet.onnx"), shell.PathOf("mine/unet.onnx"));
        (await shell.RunAsync("sample", "--model", "mine/unet.onnx", "--solver", "ddim", "--steps", "2", "--out", "x")).ShouldBeRefused("batcheval model init");
        (await shell.RunAsync("model", "inspect", "mine")).ShouldBeRefused("batcheval model init");

        // Everything that is missing is asked for at once, by option.
        (await shell.RunAsync("model", "init", "mine")).ShouldBeRefused("--schedule: which noise", "--prediction: what does the output mean", "--classes: the network takes labels ('class_labels')");
        (await shell.RunAsync(
            "model", "init", "mine/unet.onnx", "--schedule", "cosine(trainSteps=1000)", "--prediction", "epsilon", "--classes", "10", "--null-label", "10", "--clamp", "true")).ShouldSucceed()
            .Out.ShouldContain("state      sample [B, 1, 16, 16] float");
        (await shell.RunAsync("model", "init", "mine")).ShouldBeRefused("--force");
        var own = (await shell.RunAsync("sample", "--model", "mine", "--solver", "ddim", "--steps", "3", "--label", "3", "--out", "a.npy", "--json")).ShouldSucceed();
        own.Json["samples"]!.AsArray().Count.ShouldBe(1);
        (await shell.RunAsync("model", "check", "mine")).ShouldSucceed().Out.ShouldContain("Nothing contradicts the manifest.");
    }

    [Fact]
    public async Task A_scheduler_configuration_beside_a_network_answers_for_its_noise()
    {
        Directory.CreateDirectory(shell.PathOf("mine"));
        File.Copy(Path.Combine(Network("unet2d"), "model.onnx"), shell.PathOf("mine/model.onnx"));
        shell.Write("mine/scheduler_config.json", """{"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "clip_sample": false}""");
        (await shell.RunAsync("model", "init", "mine")).ShouldSucceed();
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(shell.PathOf("mine/model.json")))!;
        manifest["schedule"]!.ToJsonString().ShouldBe("""{"type":"scaled-linear","trainSteps":1000,"betaStart":0.00085,"betaEnd":0.012}""");
        manifest["denoiser"]!["prediction"]!.GetValue<string>().ShouldBe("v");
        manifest["sample"]!["clampDenoised"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Fact]
    public async Task Check_says_what_it_saw_and_notices_a_wrong_prediction_type()
    {
        var good = (await shell.RunAsync("model", "check", TestShell.Digits)).ShouldSucceed();
        good.Out.ShouldContain("ok       repeats     the same bits when called again");
        good.Out.ShouldContain("fits 'epsilon'");
        foreach (var file in Directory.GetFiles(TestShell.Digits))
        {
            Directory.CreateDirectory(shell.PathOf("wrong"));
            File.Copy(file, shell.PathOf($"wrong/{Path.GetFileName(file)}"));
        }

        File.WriteAllText(shell.PathOf("wrong/model.json"), File.ReadAllText(shell.PathOf("wrong/model.json")).Replace("\"epsilon\"", "\"sample\"", StringComparison.Ordinal));
        var wrong = await shell.RunAsync("model", "check", "wrong");
        wrong.Code.ShouldBe(ExitCodes.Failed);
        wrong.Out.ShouldContain("FAILED   prediction");
        wrong.Out.ShouldContain("denoiser.prediction says 'sample', and the network's output is that of 'epsilon'");
    }

    public void Dispose() => shell.Dispose();

    private static string Network(string name) => Path.Combine(RepoPaths.Root, "tests", "Golden", "networks", name);
}
