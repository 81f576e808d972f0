using BatchEval.Core.Sampling;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>Presets of papers, on small pipelines.</summary>
public sealed class PresetTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private readonly TestShell shell = new TestShell().With("BATCHEVAL_STORE", azurite.ConnectionString);

    public static TheoryData<string> Names => [.. PublishedSettings.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_preset_is_a_specification_but_for_its_model(string name)
    {
        var read = SpecificationJson.Read(SpecificationOverrides.Apply(PublishedSettings.Under(name, null), ["model=m"]));
        SpecificationJson.Write(SpecificationJson.Read(SpecificationJson.Write(read).ToJsonString())).ToJsonString().ShouldBe(SpecificationJson.Write(read).ToJsonString());
        File.ReadAllText(Path.Combine(RepoPaths.Root, "docs", "published.md")).ShouldContain($"| `{name}` |");
    }

    [Fact]
    public void Grids_are_those_of_the_models_schedulers()
    {
        Times("adaptivediffusion-sd15-ddim").ShouldBe(Enumerable.Range(0, 50).Select(i => 981.0 - (20 * i)));
        Times("adaptivediffusion-sd15-dpmpp-2m").Take(3).ShouldBe([999, 979, 959]);
        Times("adaptivediffusion-sd15-dpmpp-2m").Count.ShouldBe(50);
        Times("adaptivediffusion-sdxl-dpmpp-2m").Take(3).ShouldBe([951, 932, 913]);
        Times("adaptivediffusion-sdxl-dpmpp-2m")[^1].ShouldBe(20);
        Times("ays-sdxl").ShouldBe([999, 845, 730, 587, 443, 310, 193, 116, 53, 13]);

        static IReadOnlyList<double> Times(string name) => [.. PublishedSettings.Find(name).Candidate.ShouldNotBeNull().Steps.Select(s => s.Time)];
    }

    // pipelines.md 1.5 and 1.6: DDIM of these files ends at the first training level (set_alpha_to_one false), Euler's linspace starts from sigma z.
    [Fact]
    public void Starts_and_endings_are_those_of_the_models_schedulers()
    {
        foreach (var name in PublishedSettings.Names.Where(n => PublishedSettings.Find(n).Candidate is not null))
        {
            var setting = PublishedSettings.Find(name);
            Candidate[] both = [setting.Candidate!, .. setting.Specification["reference"]!["candidate"] is { } reference ? [CandidateJson.Read(reference.ToJsonString())] : Array.Empty<Candidate>()];
            both.ShouldAllBe(c => c.End == (name.EndsWith("-ddim", StringComparison.Ordinal) || name.EndsWith("-ldm", StringComparison.Ordinal) ? 0 : null), name);
            both.ShouldAllBe(c => Math.Abs(c.StartScale - (name.EndsWith("sd15-euler", StringComparison.Ordinal) ? 0.99767 : 1)) < 5e-6, name);
        }
    }

    [Fact]
    public async Task A_preset_runs_under_what_is_set()
    {
        string[] small = ["--set", "final.samples=2", "--set", "reference.samples=2", "--set", "final.images=0"];
        var run = (await shell.RunAsync(["run", "--preset", "adaptivediffusion-ldm", "--set", $"model={SmallPipelinesTests.Folder("ldm")}", .. small, "--json"])).ShouldSucceed().Json;
        run["best"]!["candidate"]!["skip"]!["criterion"]!.GetValue<string>().ShouldBe("adaptive-released");
        run["best"]!["networkCalls"]!.GetValue<double>().ShouldBeLessThanOrEqualTo(50);

        shell.Write("spec.json", $$"""{ "name": "mine", "model": {{System.Text.Json.JsonSerializer.Serialize(SmallPipelinesTests.Folder("ldm"))}}, "conditions": { "label": 1 }, "baselines": [], "reference": { "steps": 12 } }""");
        var list = (await shell.RunAsync(["run", "spec.json", "--preset", "ays-sd15", .. small, "--json"])).ShouldSucceed().Json;
        list["run"]!.GetValue<string>().ShouldStartWith("mine-");
        list["best"]!["networkCalls"]!.GetValue<double>().ShouldBe(10);
    }

    [Fact]
    public async Task A_preset_draws_what_its_candidate_and_guidance_draw()
    {
        string[] sample = ["sample", "--model", SmallPipelinesTests.Folder("sd15"), "--prompt", "a red cat", "--seed", "3"];
        (await shell.RunAsync([.. sample, "--preset", "ays-sdxl", "--out", "preset.npy"])).ShouldSucceed();
        (await shell.RunAsync([.. sample, "--solver", "dpmpp-2m", "--steps", "999,845,730,587,443,310,193,116,53,13", "--guidance", "5", "--out", "plain.npy"])).ShouldSucceed();
        File.ReadAllBytes(shell.PathOf("preset.npy")).ShouldBe(File.ReadAllBytes(shell.PathOf("plain.npy")));
        (await shell.RunAsync([.. sample, "--preset", "ays-sdxl", "--steps", "5", "--out", "x.npy"])).ShouldBeRefused("--preset says which sampler");
        (await shell.RunAsync([.. sample, "--preset", "autodiffusion-lsun", "--out", "x.npy"])).ShouldBeRefused("searches a sampler; it is for 'batcheval run'");
        (await shell.RunAsync([.. sample, "--preset", "ays-sd1", "--out", "x.npy"])).ShouldBeRefused("There is no preset 'ays-sd1'; known: adaptivediffusion-sd15-ddim");
        (await shell.RunAsync("run")).ShouldBeRefused("Which run?");
    }

    public void Dispose() => shell.Dispose();
}
