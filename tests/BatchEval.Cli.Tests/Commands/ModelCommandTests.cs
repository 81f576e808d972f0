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

    // "Nothing contradicts the manifest" was said of a model told a hundredth of its times.
    [Fact]
    public async Task Check_notices_times_in_another_unit()
    {
        var good = (await shell.RunAsync("model", "check", TestShell.Digits)).ShouldSucceed();
        good.Out.ShouldMatch(@"ok       time scale  correlation with the noise (0\.9|1\.0)\d+ when told 999");
        var wrong = await CheckAsync("short", m => m["schedule"]!["trainSteps"] = 10);
        wrong.Code.ShouldBe(ExitCodes.Failed, wrong.Out);
        wrong.Out.ShouldMatch("FAILED   time scale  .*the network's times seem to end at (999|1000)");
    }

    // Only the denoiser was opened.
    [Theory]
    [InlineData("features.onnx", "features")]
    [InlineData("perceptual.onnx", "perceptual")]
    [InlineData("ref_stats.npz", "statistics")]
    public async Task Check_opens_every_file_of_a_package(string file, string line)
    {
        (await shell.RunAsync("model", "check", TestShell.Digits)).ShouldSucceed().Out.ShouldMatch($"ok       {line}");
        var wrong = await CheckAsync("damaged", m => m.Remove("digests"), file);
        wrong.Code.ShouldBe(ExitCodes.Failed, wrong.Out);
        wrong.Out.ShouldMatch($"FAILED   {line} .*{System.Text.RegularExpressions.Regex.Escape(file)}");
    }

    [Fact]
    public async Task Init_says_what_it_takes_for_granted()
    {
        Directory.CreateDirectory(shell.PathOf("mine"));
        File.Copy(Path.Combine(TestShell.Digits, "unet.onnx"), shell.PathOf("mine/unet.onnx"));
        string[] told = ["--schedule", "cosine(trainSteps=1000)", "--prediction", "epsilon", "--classes", "10"];
        var silent = (await shell.RunAsync(["model", "init", "mine", .. told])).ShouldSucceed();
        silent.Out.ShouldContain("range      -1 to 1 (taken for granted; another one with --range)");
        silent.Out.ShouldContain("clamp      false (taken for granted; otherwise with --clamp)");
        var said = (await shell.RunAsync(["model", "init", "mine", "--force", .. told, "--range", "0,1", "--clamp", "true"])).ShouldSucceed();
        said.Out.ShouldContain("range      0 to 1\n");
        said.Out.ShouldContain("clamp      true\n");
    }

    [Fact]
    public async Task Init_refuses_numbers_that_are_none_and_options_with_its_own_help()
    {
        Directory.CreateDirectory(shell.PathOf("mine"));
        File.Copy(Path.Combine(TestShell.Digits, "unet.onnx"), shell.PathOf("mine/unet.onnx"));
        (await shell.RunAsync("model", "init", "mine", "--schedule", "sigma(sigmaMin=NaN,sigmaMax=80)", "--prediction", "epsilon", "--classes", "10"))
            .ShouldBeRefused("--schedule: 'sigmaMin=NaN' is no key=number with a finite number");
        (await shell.RunAsync("model", "init", "mine", "--nonsense")).ShouldBeRefused("See 'batcheval model init --help'.");
    }

    private async Task<CliResult> CheckAsync(string folder, Action<System.Text.Json.Nodes.JsonObject> change, string? damaged = null)
    {
        Directory.CreateDirectory(shell.PathOf(folder));
        foreach (var file in Directory.GetFiles(TestShell.Digits))
        {
            File.Copy(file, shell.PathOf($"{folder}/{Path.GetFileName(file)}"));
        }

        var manifest = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(shell.PathOf($"{folder}/model.json")))!.AsObject();
        change(manifest);
        File.WriteAllText(shell.PathOf($"{folder}/model.json"), manifest.ToJsonString());
        if (damaged is not null)
        {
            File.WriteAllText(shell.PathOf($"{folder}/{damaged}"), "garbage");
        }

        return await shell.RunAsync("model", "check", folder);
    }

    public void Dispose() => shell.Dispose();

    private static string Network(string name) => Path.Combine(RepoPaths.Root, "tests", "Golden", "networks", name);
}
