using System.Text.Json.Nodes;
using BatchEval.Cli.Tests.Pipelines;

namespace BatchEval.Cli.Tests.Commands;

public sealed class ExportCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    public void Dispose() => shell.Dispose();

    private Task<CliResult> RunAsync(params string[] rest) => shell.RunAsync(["export", "--model", TestShell.Digits, .. rest]);

    [Fact]
    public async Task All_files_go_into_a_folder_with_the_pruned_networks()
    {
        (await RunAsync("--candidate", """{ "solver": "ddim", "steps": [{ "t": 800, "drop": [0, 3] }, { "t": 300 }] }""", "--out", "out")).ShouldSucceed();
        foreach (var file in new[] { "sampler.json", "sampler.py", "diffusers_scheduler.py", "comfyui_node.py", "comfyui-workflow.json", "diffusers.py", "unet-0.onnx", "unet-1.onnx" })
        {
            File.Exists(shell.PathOf($"out/{file}")).ShouldBeTrue(file);
        }

        (await RunAsync("--candidate", "out/sampler.json", "--form", "json")).ShouldSucceed();
    }

    [Fact]
    public async Task A_sampler_is_sampled_from_its_exported_file()
    {
        (await RunAsync("--solver", "ddim", "--steps", "3", "--out", "out")).ShouldSucceed();
        (await shell.RunAsync("sample", "--model", TestShell.Digits, "--candidate", "out/sampler.json", "--out", "a.npy")).ShouldSucceed();
        (await shell.RunAsync("sample", "--model", TestShell.Digits, "--solver", "ddim", "--steps", "3", "--out", "b.npy")).ShouldSucceed();
        File.ReadAllBytes(shell.PathOf("a.npy")).ShouldBe(File.ReadAllBytes(shell.PathOf("b.npy")));
    }

    [Theory]
    [InlineData("--form", "--out", "--solver", "ddim", "--steps", "3")]
    [InlineData("Which sampler?", "--form", "json")]
    [InlineData("--steps", "--form", "json", "--candidate", "{}", "--steps", "3")]
    [InlineData("Block 99 does not exist", "--form", "json", "--candidate", """{ "solver": "ddim", "steps": [{ "t": 800, "drop": [99] }] }""")]
    [InlineData("lies outside", "--form", "json", "--solver", "ddim", "--steps", "1200,3")]
    [InlineData("--spacing, --start-time and --end-time have no place", "--form", "json", "--solver", "ddim", "--sigmas", "30, 4, 0", "--end-time", "10")]
    [InlineData("--spacing, --start-time and --end-time have no place", "--form", "json", "--solver", "ddim", "--timesteps", "900, 4", "--spacing", "karras")]
    [InlineData("there is no such list", "--form", "json", "--solver", "ddim", "--steps", "4", "--ending", "stop")]
    [InlineData("there is no such list", "--form", "json", "--candidate", """{ "solver": "ddim", "steps": [{ "t": 800 }] }""", "--ending", "stop")]
    [InlineData("leave the ending 'stop' out", "--form", "json", "--solver", "ddim", "--sigmas", "30, 4, 0", "--ending", "stop")]
    [InlineData("The list of sigmas is empty", "--form", "json", "--solver", "ddim", "--sigmas", "")]
    public async Task What_cannot_be_exported_is_refused(string words, params string[] line) =>
        (await RunAsync(line[0] == "--out" ? line[1..] : line)).ShouldBeRefused(words);

    [Fact]
    public async Task An_end_keeps_the_start_of_a_folders_scheduler()
    {
        foreach (var file in Directory.GetFiles(SmallPipelinesTests.Folder("sdxl"), "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".npz", StringComparison.Ordinal)))
        {
            var copy = shell.PathOf(Path.Combine("sdxl", Path.GetRelativePath(SmallPipelinesTests.Folder("sdxl"), file)));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        shell.Write("sdxl/scheduler/scheduler_config.json", """{ "_class_name": "EulerDiscreteScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "timestep_spacing": "trailing" }""");
        string[] line = ["export", "--model", "sdxl", "--steps", "4", "--form", "sampler"];
        async Task<double> Start(params string[] more) => JsonNode.Parse((await shell.RunAsync([.. line, .. more])).ShouldSucceed().Out)!["startScale"]!.GetValue<double>();
        (await Start()).ShouldBe(0.99767, 1e-5);
        (await Start("--end-time", "10")).ShouldBe(0.99767, 1e-5);
    }

    [Theory]
    [InlineData("--solver", "Euler SGM Uniform", "--steps", "4")]
    [InlineData("--solver", "DPM++ 2S a Karras", "--steps", "4")]
    [InlineData("--solver", "DPM++ 2M Karras", "--steps", "4")]
    [InlineData("--solver", "dpmpp_2m", "--sigmas", "30, 4, 1, 0")]
    [InlineData("--solver", "DPMSolverMultistepScheduler", "--timesteps", "999, 500, 100")]
    [InlineData("--candidate", """{ "solver": "ddim", "sigmas": [30, 4, 1], "ending": "append-zero" }""")]
    public async Task Lists_and_names_of_other_tools_are_understood(params string[] line) => (await RunAsync([.. line, "--form", "json"])).ShouldSucceed();
}
