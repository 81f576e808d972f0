using BatchEval.Core.Sampling.Skipping;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Skipping;

/// <summary>A run whose candidate decides per image stores, scores and draws what each image did.</summary>
public sealed class SkipRunTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Candidate = """{"solver":"ddim","steps":[{"t":999},{"t":900},{"t":800},{"t":700},{"t":600},{"t":500},{"t":400},{"t":300},{"t":200},{"t":100}],"skip":{"threshold":0.15,"order":1}}""";

    [Fact]
    public async Task Masks_and_distributions_are_stored()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var run = await TinyRun.RunAsync(store, models, overrides: ["search.method=none", "baselines=[\"trailing\"]", $"candidates=[{Candidate}]"]);

        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        var score = leaderboard.Best.ShouldNotBeNull();
        var sheet = await store.RequireJsonAsync<SkipMaskSheet>(BlobNames.Candidate(run, score.Id, "masks.json"));
        sheet.Masks.Count.ShouldBe(72);
        sheet.Masks.Average(m => StepMask.Read(m).Count(called => called)).ShouldBe(score.NetworkCalls, 1e-4);
        sheet.Masks.Distinct().Count().ShouldBeGreaterThan(1);
        score.NetworkCallsPerImage!.Min.ShouldBeLessThan(score.NetworkCallsPerImage.Max);
        score.Of("psnr")!.PerImage!.Median.ShouldBeInRange(score.Of("psnr")!.PerImage!.P05, score.Of("psnr")!.PerImage!.P95);
        score.Of("lpips")!.PerImage.ShouldNotBeNull();
        System.Text.Encoding.UTF8.GetString((await store.ReadAsync(BlobNames.Result(run, "report.html")))!).ShouldContain("Network calls per image");
        (await store.ExistsAsync(BlobNames.Candidate(run, score.Id, "masks.svg"))).ShouldBeTrue();
        (await store.ExistsAsync(BlobNames.Candidate(run, leaderboard.Baselines[0].Id, "masks.json"))).ShouldBeFalse("a plan's calls are in the plan");
    }
}
