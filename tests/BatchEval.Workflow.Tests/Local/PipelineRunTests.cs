using System.Text;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>
/// Pipelines with the architectures of the real ones (tools/pipelines/tiny.py), searched for two generations, interrupted, resumed and exported, scored on
/// what their decoders make of the latents.
/// </summary>
public sealed class PipelineRunTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Search = """
        "budget": { "networkCalls": 3 }, "objective": { "metric": "psnr" },
        "search": { "population": 3, "generations": 2, "elites": 1, "mutants": 1, "crossovers": 1, "rungs": [4] },
        "validation": { "samples": 2, "elites": 1 }, "final": { "samples": 4, "images": 2 },
        "reference": { "steps": 5, "samples": 4 }, "baselines": ["trailing"], "execution": { "unitEvaluations": 30, "batchSize": 8 }
        """;

    private const string All = "BATCHEVAL_PIPELINES";

    public static TheoryData<string, string> Quick => new()
    {
        { "ldm", """{ "label": "random", "guidanceScale": 3 }""" },
        { "adm", """{ "label": "random", "classifierScale": 6 }""" },
        { "dit", """{ "label": 1, "guidanceScale": 4, "guidanceInterval": [0.3, 20] }""" },
        { "ddim", """{ }""" },
        { "sd15", """{ "guidanceScale": 7.5 }""" },
    };

    public static TheoryData<string, string> Others => new()
    {
        { "sdxl", """{ "guidanceScale": 5, "guidanceRescale": 0.7 }""" },
        { "sd3", """{ "guidanceScale": 7 }""" },
        { "lcm", """{ "guidanceScale": 8.5 }""" },
        { "flux", """{ "guidanceScale": 3.5 }""" },
    };

    [PipelinesTheory]
    [MemberData(nameof(Others))]
    public Task Every_other_pipeline_is_searched_resumed_and_exported(string name, string conditions) => A_pipeline_is_searched_resumed_and_exported(name, conditions);

    [Theory]
    [MemberData(nameof(Quick))]
    public async Task A_pipeline_is_searched_resumed_and_exported(string name, string conditions)
    {
        using var models = Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var specification = SpecificationJson.Read($$"""{ "name": "{{name}}", "model": "{{name}}", "seed": 3, "conditions": {{conditions}}, "prompts": {{(name is "sd15" or "sdxl" or "sd3" or "lcm" ? """["a red cat", { "prompt": "cat", "negative": "blue dog" }]""" : "null")}}, {{Search}} }""");
        var (run, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification);
        using var kill = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => RunAsync(store, models, run, new Units { After = 3, Then = kill.Cancel }, kill.Token));
        var computed = await FinishedAsync(store);
        await RunAsync(store, models, run);

        var after = await FinishedAsync(store);
        computed.ShouldNotBeEmpty();
        computed.ShouldAllBe(c => after.Contains(c));
        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        leaderboard.Best.ShouldNotBeNull().NetworkCalls.ShouldBe(3);
        leaderboard.Ranked().ShouldAllBe(s => s.Failure == null && s.Pairs == 4 && s.Of("psnr")!.Value > 0);
        Encoding.UTF8.GetString((await store.ReadAsync(BlobNames.Best(run, "schedule.json"))).ShouldNotBeNull()).ShouldContain("\"steps\"");
        var image = (await store.ReadAsync(BlobNames.Candidate(run, leaderboard.Best.Id, "images/000001.png"))).ShouldNotBeNull();
        var size = models.Find(name).Manifest.Image;
        (BigEndian(image, 16), BigEndian(image, 20)).ShouldBe((size.Width, size.Height));
    }

    [Fact]
    public async Task Guidance_is_searched_step_by_step_within_the_evaluations_of_the_budget()
    {
        using var models = Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(
            $$"""{ "name": "genes", "model": "ldm", "seed": 3, "conditions": { "label": "random", "guidanceScale": 3 }, {{Search}} }""",
            ["search.genes=[\"times\",\"guidance\"]", "search.population=8", "search.mutants=4", "search.crossovers=2"]));
        var (run, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification);
        await RunAsync(store, models, run);
        var best = (await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"))).Best.ShouldNotBeNull();
        best.NetworkCalls.ShouldBe(3);
        (best.Candidate.Steps.Sum(s => s.Guidance == StepGuidance.Full ? 2 : 1)).ShouldBe(6);
        var plain = SpecificationJson.Read($$"""{ "name": "genes", "model": "ldm", "search": { "genes": ["times", "guidance"] }, "conditions": { "label": 1 }, "budget": { "networkCalls": 3 }, "objective": { "metric": "psnr" } }""");
        Should.Throw<ProblemException>(() => RunSubmission.Check(plain, models)).Message.ShouldContain("search.genes: names 'guidance', but conditions.guidanceScale is 1");
    }

    [Theory]
    [InlineData("lcm", 1)]
    [InlineData("sd15", 2)]
    public void A_network_that_takes_the_guidance_scale_costs_one_evaluation_per_call(string name, int evaluations)
    {
        using var models = Models();
        ModelCosts.Count(models.Open(models.Find(name))).ShouldNotBeNull().GuidedEvaluations.ShouldBe(evaluations);
    }

    [Theory]
    [InlineData("sd3", """["a red cat"]""", """{ "guidanceScale": 7 }""")]
    [InlineData("flux", "null", """{ "guidanceScale": 3.5 }""")]
    public async Task Blocks_of_transformers_are_searched_and_handed_over(string name, string prompts, string conditions)
    {
        using var models = Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(
            $$"""{ "name": "{{name}}-blocks", "model": "{{name}}", "seed": 3, "solver": "euler", "conditions": {{conditions}}, "prompts": {{prompts}}, {{Search}} }""",
            ["search.space=joint", "budget={\"macs\":{\"share\":0.7,\"ofSteps\":3}}", """candidates=[{"solver":"euler","steps":[{"t":900,"drop":[3]},{"t":500,"drop":[4,5]}]}]"""]));
        var (run, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification);
        await RunAsync(store, models, run);
        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        leaderboard.Ranked().ShouldAllBe(s => s.Failure == null && s.Of("psnr")!.Value > 0);
        leaderboard.Others.Single(s => s.Name == "candidate 1").Candidate.Steps.Select(s => string.Join(',', s.Drop)).ShouldBe(["3", "4,5"]);
        leaderboard.Best.ShouldNotBeNull().Candidate.Steps.Count.ShouldBeGreaterThanOrEqualTo(2);
    }

    // pipelines.md 3.5: the gradient costs about three times the classifier, whose layers are those of tools/pipelines/tiny.py.
    [Fact]
    public void A_classifier_that_guides_costs_beside_every_call()
    {
        using var models = Models();
        var model = models.Open(models.Find("adm"));
        var (plain, guided) = (ModelCosts.Count(model).ShouldNotBeNull(), ModelCosts.Count(model, classified: true).ShouldNotBeNull());
        (plain.ClassifierMacs, guided.Macs).ShouldBe((0, plain.Macs));
        var candidate = Candidate.At("heun", [900, 500]);
        guided.Of(candidate).Macs.ShouldBe(plain.Of(candidate).Macs + (3 * guided.ClassifierMacs));
        // Convolutions of 3x3 at 8x8 (3 to 8 channels, two of 8 to 8) and from 4x4 to 2x2, four of 1x1 and two products of attention on 4 positions.
        const double Forward = (64 * 9 * ((3 * 8) + (2 * 8 * 8))) + (4 * 9 * 8 * 8) + (4 * 4 * 8 * 8) + (2 * 4 * 4 * 8);
        guided.ClassifierMacs.ShouldBeInRange(1.8 * Forward, 3.2 * Forward);
    }

    /// <summary>Half a minute in all, for architectures whose search differs from those above by what their networks are fed, which SmallPipelinesTests compare with PyTorch.</summary>
    private sealed class PipelinesTheoryAttribute : TheoryAttribute
    {
        public PipelinesTheoryAttribute()
        {
            if (Environment.GetEnvironmentVariable(All) is null)
            {
                Skip = $"Searches of SDXL, SD3, LCM and Flux take half a minute; {All}=all runs them.";
            }
        }
    }

    private static ModelHost Models() => new(new DeviceOptions(), [Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines")]);

    private static Task RunAsync(RunStore store, ModelHost models, string run, IProgress<RoundProgress>? progress = null, CancellationToken cancellation = default) =>
        new LocalRunner(store, models, 1, TimeProvider.System, progress, cancellation).RunAsync(run);

    private static async Task<List<(string, DateTimeOffset)>> FinishedAsync(RunStore store) =>
        [.. (await store.ListAsync(BlobNames.ShardRoot)).Where(b => b.Name.EndsWith("result.json", StringComparison.Ordinal))];

    private static int BigEndian(byte[] bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
}
