using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Schedules;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Schedule methods as the search of a run.</summary>
public sealed class ScheduleRunTests(AzuriteFixture first) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData("gits", "l2")]
    [InlineData("gits", "chord")]
    [InlineData("dmn", "l2")]
    public async Task A_schedule_method_is_a_search_like_any_other(string method, string distance)
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);

        var run = await TinyRun.RunAsync(store, models, overrides: [$"search.method={method}", $"search.distance={distance}", "search.rungs=[20]", "baselines=[\"trailing\"]", "reference.samples=0", "final.images=0"]);

        var proposals = await store.RequireJsonAsync<ScheduleProposals>(BlobNames.Schedules(run));
        proposals.Schedules.ShouldAllBe(s => s.Times.Count == 3 && s.Method == method);
        (proposals.NetworkCalls > 0).ShouldBe(method == "gits");
        proposals.Schedules.ShouldAllBe(s => s.Variant.Contains("chord", StringComparison.Ordinal) == (distance == "chord"));
        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        leaderboard.Best.ShouldNotBeNull().Name.ShouldBe("searched");
        proposals.Schedules.ShouldContain(s => s.Times.SequenceEqual(leaderboard.Best.Candidate.Steps.Select(step => step.Time)));
    }

    [Fact]
    public async Task A_run_finds_what_a_comparison_of_schedules_scored_and_only_adds_what_images_are_compared_with()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);
        var request = new ScheduleRequest("trailing", 3, new ScheduleSetting("ddim", Conditions.None, Seed: 21), new MaterialOptions(), PlacementOptions.Default);
        var model = models.Open(models.Find("digits"));
        var lines = await new ScheduleComparison(model, request, store).RunAsync(await new ScheduleFinder(model, store).FindAsync(request), everything: false, samples: 72);

        var run = await TinyRun.RunAsync(
            store, models, overrides: ["seed=21", "search.method=none", "baselines=[\"trailing\",\"karras\"]", "reference.samples=72", "execution.cellSamples=512"]);

        var status = await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run));
        (status.Evaluations.Computed, status.Evaluations.Reused).ShouldBe((1, 2), "the unaccelerated sampler is new, both schedules are there");
        var board = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        foreach (var score in board.Baselines)
        {
            score.Of("fid")!.Value.ShouldBe(lines.First(l => l.Name.StartsWith(score.Name, StringComparison.Ordinal)).Score.Fid.Score, score.Name);
            score.Pairs.ShouldBe(72);
        }
    }

    // An exact mixture has neither data nor a feature network: clean samples come from its own sampling, and PSNR to the unaccelerated sampler chooses.
    [Fact]
    public async Task Without_data_klub_dp_takes_samples_from_the_model_and_races_blends_too()
    {
        using var folder = new TemporaryMixture();
        using var models = new ModelHost(new DeviceOptions(), [folder.Parent]);
        var store = await RunStore.OpenAsync(first.ConnectionString);
        string[] overrides =
        [
            "model=mixture", "search.method=klub-dp", "search.rungs=[8,16]", "search.elites=3", "validation.samples=24", "validation.elites=3", "final.samples=16",
            "reference.steps=20", "reference.samples=8", "objective.metric=psnr", "baselines=[\"trailing\"]", "final.images=0", "execution.unitEvaluations=100000",
        ];

        var refused = await Should.ThrowAsync<ProblemException>(() => TinyRun.RunAsync(store, models, overrides: overrides));
        var run = await TinyRun.RunAsync(store, models, overrides: [.. overrides, "search.dataFree=true"]);

        refused.Message.ShouldContain("set search.dataFree to true");
        var proposals = await store.RequireJsonAsync<ScheduleProposals>(BlobNames.Schedules(run));
        proposals.NetworkCalls.ShouldBeGreaterThan(64 * (256 + 64));
        string[] expected = ["klub-dp", "gits", "score-optimal", "oss", "karras", "dmn"];
        expected.ShouldBeSubsetOf(proposals.Schedules.Select(s => s.Method));
        // all, the kept, and what is bred from them, before validation: one round more than there are rungs
        var search = (await store.RequireJsonAsync<RunState>(BlobNames.State(run, 4))).Search;
        search.Round.ShouldBe(3);
        var proposed = proposals.Candidates("ddim").Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
        search.Seen.Count(id => !proposed.Contains(id)).ShouldBeInRange(1, 32);
        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        search.Archive.Select(a => a.Candidate.Id).ShouldContain(leaderboard.Best.ShouldNotBeNull().Candidate.Id);
    }

    private sealed class TemporaryMixture : IDisposable
    {
        public TemporaryMixture() => MixtureModelExport.Write(GaussianMixture.Grid(2, 2, 0.15, 0.5), Path.Combine(Parent, "mixture"));

        public string Parent { get; } = Directory.CreateTempSubdirectory("batcheval-mixture").FullName;

        public void Dispose() => Directory.Delete(Parent, recursive: true);
    }
}
