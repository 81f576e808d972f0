using System.Text.Json.Nodes;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>Runs of a small text-to-image pipeline with prompts of their own, from every kind of file.</summary>
public sealed class PromptRunTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private const string Lines = "a red cat\nblue dog\n\ncat\n";
    private static readonly string Clip = Path.Combine(RepoPaths.Root, "tests", "Golden", "features", "clip");
    private readonly TestShell shell = new TestShell().With("BATCHEVAL_STORE", azurite.ConnectionString);

    [Fact]
    public async Task Prompts_of_every_kind_of_file_reach_the_network_and_the_report()
    {
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var before = (await store.ListAsync("_embeddings/")).Count;
        Copy(SmallPipelinesTests.Folder("sd15"), "sd");
        Copy(Clip, "sd/clip");
        shell.Write("sd/batcheval.json", """{ "clip": "clip" }""");
        shell.Write("spec.json", Specification("\"prompts.txt\"", "sd"));
        shell.Write("prompts.txt", Lines);
        var run = (await RunAsync("spec.json")).Json["run"]!.GetValue<string>();

        // The images are those that `sample` draws for the same prompts, samples and numbers.
        var best = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/leaderboard.json")))!["best"]!["id"]!.GetValue<string>();
        await SaveAsync(store, BlobNames.Candidate(run, best, "candidate.json"), "candidate.json");
        (await shell.RunAsync("sample", "--model", "sd", "--prompts", "prompts.txt", "--candidate", "candidate.json", "--guidance", "7.5", "--seed", "4", "--first", "33554432", "--count", "5", "--out", "png")).ShouldSucceed();
        string[] files = [.. Directory.GetFiles(shell.PathOf("png")).Order(StringComparer.Ordinal)];
        files.Length.ShouldBe(5);
        foreach (var (drawn, image) in files.Zip(Enumerable.Range(0, 5)))
        {
            File.ReadAllBytes(drawn).ShouldBe(await store.ReadAsync(BlobNames.Candidate(run, best, $"images/{image:D6}.png")));
        }

        // Their CLIP score is what `metrics` gives for the files.
        shell.Write("in-order.txt", "cat\na red cat\nblue dog\n");
        var metrics = (await shell.RunAsync("metrics", "png", "png", "--paired", "--prompts", "in-order.txt", "--clip", Clip, "--json")).ShouldSucceed().Json;
        var clip = metrics["scores"]!.AsArray().Single(s => s!["metric"]!.GetValue<string>() == "clip-score")!["value"]!.GetValue<double>();
        Math.Abs(clip - JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/leaderboard.json")))!["best"]!["metrics"]!["clip-score"]!["value"]!.GetValue<double>()).ShouldBeLessThan(1e-4);

        var sheet = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/prompt-scores.json")))!;
        var rows = sheet["prompts"]!.AsArray();
        rows.Select(r => r!["prompt"]!.GetValue<string>()).ShouldBe(["a red cat", "blue dog", "cat"], ignoreOrder: true);
        // 2^25 samples before the first final one leave 2 when divided by 3
        rows.Single(r => r!["prompt"]!.GetValue<string>() == "cat")!["images"]!.AsArray().Select(i => i!.GetValue<int>()).ShouldBe([0, 3]);
        double[] winners = [.. rows.Select(r => r!["scores"]!.AsArray().Single(s => s!["name"]!.GetValue<string>() == "searched")!["means"]!["psnr"]!.GetValue<double>())];
        winners.ShouldBe(winners.Order());
        rows.ShouldAllBe(r => r!["scores"]![0]!["means"]!["clip-score"]!.GetValue<double>() >= 0);
        File.ReadAllText(shell.PathOf($"runs/{run}/report.html")).ShouldContain("<th scope=\"row\">blue dog<small>");

        // Captions of COCO with the same texts are the same prompts: the same run, which is shown and not computed again.
        shell.Write("captions.json", """{ "annotations": [ { "id": 3, "image_id": 7, "caption": "cat" }, { "id": 1, "image_id": 7, "caption": "a red cat " }, { "id": 2, "image_id": 8, "caption": "blue dog" } ] }""");
        var same = await RunAsync("spec.json", "--set", "prompts=captions.json");
        same.Json["run"]!.GetValue<string>().ShouldBe(run);
        same.Error.ShouldContain("nothing is computed again");

        // JSON lines say more, so that is another run, which finds the embeddings of no other.
        shell.Write("prompts.jsonl", "{\"prompt\": \"a red cat\", \"negative\": \"blue dog\", \"seed\": 5, \"size\": [64, 64]}\n{\"prompt\": \"cat\"}\n");
        var other = (await RunAsync("spec.json", "--set", "prompts=prompts.jsonl", "--set", "negativePrompt=dog")).Json["run"]!.GetValue<string>();
        other.ShouldNotBe(run);
        var spec = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{other}/spec.json")))!["prompts"]!.AsArray();
        spec[0]!.ToJsonString().ShouldBe("""{"prompt":"a red cat","negative":"blue dog","seed":5,"size":[64,64]}""");
        spec[1]!.ToJsonString().ShouldBe("""{"prompt":"cat","negative":"dog"}""");
        ((await store.ListAsync("_embeddings/")).Count - before).ShouldBe(2);
    }

    [Fact]
    public async Task Prompts_that_cannot_be_used_start_nothing()
    {
        shell.Write("spec.json", Specification("[]"));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("prompts: holds no prompt.");
        shell.Write("spec.json", Specification("""["cat", { "text": "dog" }]"""));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("prompts[1].prompt: is missing.", "prompts[1].text: is unknown; allowed: negative, prompt, seed, size.");
        shell.Write("spec.json", Specification("\"nowhere.txt\""));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("The prompt file 'nowhere.txt' was not found");
        shell.Write("spec.json", Specification("""[{ "prompt": "cat", "size": [128, 64] }]"""));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("prompts: The prompts ask for 64 x 128 pixels, and the model 'sd15' draws 64 x 64");
        shell.Write("spec.json", Specification("null"));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("prompts: The model 'sd15' draws images for prompts, and none is given");
        shell.Write("spec.json", Specification("""["cat"]""").Replace(SmallPipelinesTests.Folder("sd15"), SmallPipelinesTests.Folder("ddim"), StringComparison.Ordinal).Replace("7.5", "1", StringComparison.Ordinal));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("prompts: The model 'ddim' has no text encoder and takes no prompts.");
    }

    [Fact]
    public async Task Captions_of_coco_are_taken_one_of_each_image_and_encoded_as_they_are_needed()
    {
        string[] words = ["red", "blue", "a", "cat", "dog", "the", "on", "of"];
        string Text(int i) => $"{words[i % 8]} {words[i / 8 % 8]} {words[i / 64 % 8]} {words[i / 512 % 8]}";
        // Two captions of every image, the second ones first in the file.
        var annotations = Enumerable.Range(0, 50_002).OrderByDescending(i => i % 2).Select(i => $$"""{"id":{{i}},"image_id":{{i / 2}},"caption":"{{Text(i)}}"}""");
        shell.Write("captions_val2017.json", $$"""{"annotations":[{{string.Join(',', annotations)}}]}""");
        shell.Write("spec.json", Specification("\"captions_val2017.json\""));
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("prompts: are 50002, and a run holds at most 50000; take the first of them, as in promptCount=5000.");

        // Samples of the final begin at 2^25, which leaves 254 when divided by 283: these five lie on both sides of the border of two pieces.
        string[] small = ["--set", "promptCount=283"];
        var run = (await RunAsync(["spec.json", "--set", "prompts=captions_val2017.json", .. small])).Json["run"]!.GetValue<string>();
        var taken = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/spec.json")))!;
        taken["promptCount"].ShouldBeNull();
        taken["prompts"]!.AsArray().Select(p => p!.GetValue<string>()).ShouldBe(Enumerable.Range(0, 283).Select(i => Text(2 * i)));

        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var best = JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/leaderboard.json")))!["best"]!["id"]!.GetValue<string>();
        await SaveAsync(store, BlobNames.Candidate(run, best, "candidate.json"), "candidate.json");
        shell.Write("taken.txt", string.Join('\n', Enumerable.Range(0, 283).Select(i => Text(2 * i))));
        (await shell.RunAsync("sample", "--model", SmallPipelinesTests.Folder("sd15"), "--prompts", "taken.txt", "--candidate", "candidate.json", "--guidance", "7.5", "--seed", "4", "--first", "33554432", "--count", "5", "--out", "png")).ShouldSucceed();
        foreach (var (drawn, image) in Directory.GetFiles(shell.PathOf("png")).Order(StringComparer.Ordinal).Zip(Enumerable.Range(0, 5)))
        {
            File.ReadAllBytes(drawn).ShouldBe(await store.ReadAsync(BlobNames.Candidate(run, best, $"images/{image:D6}.png")));
        }
    }

    [Fact]
    public async Task The_documented_command_for_captions_encodes_the_prompts_that_are_drawn()
    {
        shell.Write("captions_val2017.json", $$"""{"annotations":[{{string.Join(',', Enumerable.Range(0, 25_014).Select(i => $$"""{"id":{{i}},"image_id":{{i / 5}},"caption":"cat {{i}}"}"""))}}]}""");
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var before = (await store.ListAsync("_embeddings/")).Count;
        string[] small = ["--set", "final.samples=2", "--set", "reference.samples=2", "--set", "final.images=0"];

        await RunAsync(["--preset", "adaptivediffusion-sd15-ddim", "--set", $"model={SmallPipelinesTests.Folder("sd15")}", "--set", "prompts=captions_val2017.json", "--set", "promptCount=5000", .. small]);

        // The first piece shows whether encoding works, the other has the prompts of samples 2^25 and 2^25 + 1.
        ((await store.ListAsync("_embeddings/")).Count - before).ShouldBe(2);
    }

    public void Dispose() => shell.Dispose();

    private async Task<CliResult> RunAsync(params string[] options) => (await shell.RunAsync(["run", .. options, "--json"])).ShouldSucceed();

    private void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = shell.PathOf(Path.Combine(to, Path.GetRelativePath(from, file)));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private async Task SaveAsync(RunStore store, string blob, string file) => await File.WriteAllBytesAsync(shell.PathOf(file), (await store.ReadAsync(blob)).ShouldNotBeNull());

    private static string Specification(string prompts, string? model = null) => $$"""
        {
          "name": "prompted", "model": {{System.Text.Json.JsonSerializer.Serialize(model ?? SmallPipelinesTests.Folder("sd15"))}}, "seed": 4, "prompts": {{prompts}},
          "conditions": { "guidanceScale": 7.5 }, "budget": { "networkCalls": 2 }, "objective": { "metric": "psnr" },
          "search": { "population": 2, "generations": 1, "elites": 1, "mutants": 1, "crossovers": 0, "rungs": [3] },
          "validation": { "samples": 3, "elites": 1 }, "final": { "samples": 5, "images": 5 }, "reference": { "steps": 3, "samples": 5 }, "baselines": ["trailing"]
        }
        """;
}
