using BatchEval.Onnx.Numpy;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>The bundled text-to-image pipeline (tools/captions) through the command line.</summary>
public sealed class CaptionsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private const string Prompts = "a red A on blue stripes\na yellow K on black\na white 7 on green dots\na black S on pink checks\n";
    private readonly TestShell shell = new TestShell().With("BATCHEVAL_STORE", azurite.ConnectionString);

    private static string Folder { get; } = Path.Combine(RepoPaths.Samples, "captions");

    [Fact]
    public async Task It_passes_its_check() => (await shell.RunAsync("model", "check", Folder)).ShouldSucceed();

    [Fact]
    public async Task A_prompt_has_the_same_image_alone_and_among_others()
    {
        await DrawAsync("all.npy", Prompts);
        var all = NpyFormat.ReadFile(shell.PathOf("all.npy")).ToFloat32();
        foreach (var (prompt, i) in Lines(Prompts).Select((p, i) => (p, i)))
        {
            await DrawAsync("one.npy", prompt + "\n", "--first", $"{i}");
            NpyFormat.ReadFile(shell.PathOf("one.npy")).ToFloat32().ShouldBe(all[(i * 3072)..((i + 1) * 3072)]);
        }
    }

    [Fact]
    public async Task The_prompt_decides_the_image_and_its_clip_score_is_the_highest()
    {
        await DrawAsync("pictures", Prompts);
        var right = await ScoreAsync(Prompts);
        // Each image beside the next one's prompt: another ink, character and ground.
        string[] lines = Lines(Prompts);
        var wrong = await ScoreAsync(string.Join('\n', lines[1..].Append(lines[0])) + "\n");
        // One word of each differs.
        var nearly = await ScoreAsync("a red B on blue stripes\na yellow K on purple\na white 7 on green stripes\na brown S on pink checks\n");
        right.ShouldBeGreaterThan(nearly + 5);
        nearly.ShouldBeGreaterThan(wrong + 5);
    }

    [Fact]
    public async Task Its_search_runs_with_prompts_guidance_decoder_and_clip_score()
    {
        string[] small = ["search.population=3", "search.generations=1", "search.rungs=[8]", "validation={\"samples\":8,\"elites\":1}", "final.samples=8", "final.images=4", "reference.steps=6", "reference.samples=8", "baselines=[\"trailing\"]"];
        var result = (await shell.RunAsync(["run", Path.Combine(Folder, "search.json"), "--json", .. small.SelectMany(s => new[] { "--set", s })])).ShouldSucceed();
        var run = result.Json["run"]!.GetValue<string>();
        var best = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(shell.PathOf($"runs/{run}/leaderboard.json")))!["best"]!;
        best["metrics"]!["clip-score"]!["value"]!.GetValue<double>().ShouldBeInRange(1, 100);
        File.ReadAllText(shell.PathOf($"runs/{run}/report.html")).ShouldContain(Lines(File.ReadAllText(Path.Combine(Folder, "prompts.txt")))[0]);
    }

    public void Dispose() => shell.Dispose();

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task DrawAsync(string target, string prompts, params string[] more)
    {
        File.WriteAllText(shell.PathOf("prompts.txt"), prompts);
        string[] to = target.EndsWith(".npy", StringComparison.Ordinal) ? ["--images", target] : ["--out", target];
        (await shell.RunAsync(["sample", "--model", Folder, "--prompts", "prompts.txt", "--steps", "20", "--guidance", "4", .. to, .. more])).ShouldSucceed();
    }

    private async Task<double> ScoreAsync(string prompts)
    {
        File.WriteAllText(shell.PathOf("scored.txt"), prompts);
        var metrics = (await shell.RunAsync("metrics", "pictures", "pictures", "--paired", "--prompts", "scored.txt", "--clip", Path.Combine(Folder, "clip"), "--json")).ShouldSucceed().Json;
        return metrics["scores"]!.AsArray().Single(s => s!["metric"]!.GetValue<string>() == "clip-score")!["value"]!.GetValue<double>();
    }
}
