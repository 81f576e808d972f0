using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>What runs and samples take from a pipeline's own files, and what they refuse to guess.</summary>
public sealed class PipelineDefaultsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private static readonly string[] Sample = ["sample", "--steps", "2", "--out", "x.npy", "--model"];
    private readonly TestShell shell = new TestShell().With("BATCHEVAL_STORE", azurite.ConnectionString);

    [Fact]
    public async Task What_a_specification_leaves_open_is_what_the_pipeline_does()
    {
        shell.Write("spec.json", Specification("sd15", """ "reference": { "steps": 5, "samples": 2 }, "prompts": ["a red cat"] """));

        var result = (await shell.RunAsync("run", "spec.json", "--json")).ShouldSucceed();

        result.Error.ShouldContain("note: Taken from the pipeline: conditions.guidanceScale is 7.5; the unaccelerated sampler is plms");
        result.Error.ShouldContain("with 5 steps on the grid of its scheduler (PNDMScheduler); 'own' is among the baselines.");
        var run = result.Json["run"]!.GetValue<string>();
        var written = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/spec.json")))!;
        ((double)written["conditions"]!["guidanceScale"]!, written["reference"]!["candidate"]!.ToJsonString()).ShouldBe((7.5, await SampledAsync(5)));
        var rows = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/leaderboard.json")))!["baselines"]!.AsArray();
        rows.Single(r => (string)r!["name"]! == "own")!["candidate"]!.ToJsonString().ShouldBe(await SampledAsync(2)); // the second level is called twice, so two steps take the three calls
        File.ReadAllText(shell.PathOf($"runs/{run}/report.html")).ShouldContain("solver, grid and ending of the model&#39;s own scheduler");
    }

    [Fact]
    public async Task What_a_specification_says_stays()
    {
        shell.Write("spec.json", Specification("sd15", """ "reference": { "solver": "ddim", "steps": 5, "spacing": "trailing", "samples": 2 }, "conditions": { "guidanceScale": 4 }, "baselines": ["trailing"], "prompts": ["a red cat"] """));
        var result = (await shell.RunAsync("run", "spec.json", "--json")).ShouldSucceed();
        result.Error.ShouldNotContain("Taken from the pipeline");
        // Nothing was searched, so there is no folder of a winner to point to.
        result.Error.ShouldContain("Schedule: none");
        var written = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{result.Json["run"]!.GetValue<string>()}/spec.json")))!;
        ((double)written["conditions"]!["guidanceScale"]!, written["reference"]!["candidate"], (string)written["reference"]!["spacing"]!).ShouldBe((4, null, "trailing"));

        shell.Write("digits.json", $$"""{ "name": "d", "model": {{JsonSerializer.Serialize(Path.Combine(RepoPaths.Samples, "digits"))}}, "budget": { "networkCalls": 3 }, "baselines": ["own"] }""");
        (await shell.RunAsync("run", "digits.json")).ShouldBeRefused("baselines: names 'own', but the files of the model 'digits' name no scheduler.");
    }

    [Fact]
    public async Task Guidance_of_at_most_1_is_none_as_in_diffusers()
    {
        string[] sample = ["sample", "--model", SmallPipelinesTests.Folder("sd15"), "--prompt", "a red cat", "--steps", "2"];
        (await shell.RunAsync([.. sample, "--guidance", "0.5", "--out", "half.npy"])).ShouldSucceed();
        (await shell.RunAsync([.. sample, "--guidance", "1", "--out", "one.npy"])).ShouldSucceed();
        File.ReadAllBytes(shell.PathOf("half.npy")).ShouldBe(File.ReadAllBytes(shell.PathOf("one.npy")));
        shell.Write("spec.json", Specification("sd15", """ "reference": { "spacing": "trailing", "steps": 3, "samples": 2 }, "conditions": { "guidanceScale": 0.5 }, "baselines": ["trailing"], "prompts": ["a red cat"] """));
        var result = (await shell.RunAsync("run", "spec.json", "--json")).ShouldSucceed();
        result.Error.ShouldContain("note: Taken from the pipeline: pipelines of diffusers guide above 1 only, so conditions.guidanceScale is 1 and not 0.5.");
        JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{result.Json["run"]!.GetValue<string>()}/spec.json")))!["conditions"]!["guidanceScale"]!.GetValue<double>().ShouldBe(1);
    }

    [Fact]
    public async Task Classifier_guidance_with_a_solver_that_adds_noise_is_refused_by_name()
    {
        (await shell.RunAsync([.. Sample, SmallPipelinesTests.Folder("adm"), "--solver", "ddpm", "--label", "4", "--classifier-scale", "6"])).ShouldBeRefused("Classifier guidance is computed for solvers that add no noise, and ddpm adds some");
        shell.Write("spec.json", Specification("adm", """ "solver": "euler-ancestral", "conditions": { "label": 1, "classifierScale": 2 }, "baselines": ["trailing"], "candidates": [{ "solver": "ddim(eta=1)", "steps": [{ "t": 900 }, { "t": 500 }] }] """));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("solver: Classifier guidance is computed for solvers that add no noise, and euler-ancestral adds some", "reference.solver: ", "candidates[0]: Classifier guidance");
    }

    [Fact]
    public async Task A_decoder_whose_scaling_is_unknown_is_refused_until_it_is_given()
    {
        Copy("sd15", "copy");
        File.Delete(shell.PathOf("copy/vae_decoder/config.json"));
        string[] command = [.. Sample, "copy", "--prompt", "cat"];
        (await shell.RunAsync(command)).ShouldBeRefused("vae_decoder/config.json names no scaling_factor. Give \"decoder\": {\"scalingFactor\": ...} in batcheval.json");

        shell.Write("copy/batcheval.json", """{ "decoder": { "scalingFactor": 0.18215 } }""");
        (await shell.RunAsync([.. command, "--images", "given.npy"])).ShouldSucceed();
        (await shell.RunAsync([.. Sample, SmallPipelinesTests.Folder("sd15"), "--prompt", "cat", "--images", "own.npy"])).ShouldSucceed();
        File.ReadAllBytes(shell.PathOf("given.npy")).ShouldBe(File.ReadAllBytes(shell.PathOf("own.npy")));

        // diffusers' own class default, where the configuration names the class
        File.Delete(shell.PathOf("copy/batcheval.json"));
        shell.Write("copy/vae_decoder/config.json", """{ "_class_name": "AutoencoderKL", "block_out_channels": [4, 8, 8, 8] }""");
        (await shell.RunAsync(command)).ShouldSucceed().Error.ShouldContain("note: vae_decoder/config.json names no scaling_factor; 0.18215 is used, the default of AutoencoderKL.");
    }

    [Fact]
    public async Task A_decoder_in_half_precision_is_refused_where_its_configuration_says_that_it_overflows()
    {
        Copy("sd15", "copy");
        // Only what the file declares is looked at: a network that takes half precision.
        File.Copy(Path.Combine(SmallPipelinesTests.Folder("ddim-half"), "unet", "model.onnx"), shell.PathOf("copy/vae_decoder/model.onnx"), overwrite: true);
        shell.Write("copy/vae_decoder/config.json", """{ "_class_name": "AutoencoderKL", "scaling_factor": 0.13025, "force_upcast": true, "block_out_channels": [4, 8, 8, 8] }""");
        (await shell.RunAsync([.. Sample, "copy", "--prompt", "cat"])).ShouldBeRefused("vae_decoder/model.onnx computes in half precision", "force_upcast");
    }

    [Fact]
    public async Task One_stream_of_noise_for_all_images_refuses_what_it_cannot_honour()
    {
        shell.Write("prompts.jsonl", "{\"prompt\": \"cat\"}\n{\"prompt\": \"blue dog\", \"seed\": 5}\n");
        string[] sample = [.. Sample, SmallPipelinesTests.Folder("sd15"), "--noise", "torch-cpu-batch"];
        (await shell.RunAsync([.. sample, "--prompts", "prompts.jsonl"])).ShouldBeRefused("the prompt 'blue dog' has a seed of its own; use --noise torch-cpu");
        (await shell.RunAsync([.. sample, "--prompt", "cat", "--first", "2"])).ShouldBeRefused("--first has no place beside it");
    }

    public void Dispose() => shell.Dispose();

    private async Task<string> SampledAsync(int steps) =>
        (await shell.RunAsync("sample", "--model", SmallPipelinesTests.Folder("sd15"), "--prompt", "a red cat", "--steps", $"{steps}", "--out", $"s{steps}.npy", "--json")).ShouldSucceed().Json["candidate"]!.ToJsonString();

    private void Copy(string name, string target)
    {
        foreach (var file in Directory.EnumerateFiles(SmallPipelinesTests.Folder(name), "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(shell.PathOf(target), Path.GetRelativePath(SmallPipelinesTests.Folder(name), file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to, overwrite: true);
        }
    }

    private static string Specification(string model, string members) => $$"""
        { "name": "open", "model": {{JsonSerializer.Serialize(SmallPipelinesTests.Folder(model))}}, "seed": 4, "budget": { "networkCalls": 3 }, "objective": { "metric": "psnr" },
          "search": { "method": "none" }, "validation": { "samples": 2 }, "final": { "samples": 2, "images": 0 }, {{members}} }
        """;
}
