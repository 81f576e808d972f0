using System.Text;
using BatchEval.Core.Json;
using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Packages;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Every metric of the catalogue can decide a run, and be a column of it.</summary>
public sealed class MetricColumnsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Kid_can_decide_a_run_that_also_measures_precision_recall_and_the_inception_score()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var run = await TinyRun.RunAsync(store, models, overrides: ["objective.metric=kid", "final.metrics=[\"precision\",\"recall\",\"inception-score\",\"psnr-pooled-error\"]", "seed=5"]);
        var board = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        board.Ranked().Count.ShouldBe(4);
        foreach (var score in board.Ranked())
        {
            score.Failure.ShouldBeNull();
            score.Of("kid").ShouldNotBeNull().Value.ShouldBe(score.Objective);
            score.Of("precision").ShouldNotBeNull().Value!.Value.ShouldBeInRange(0, 1);
            score.Of("recall").ShouldNotBeNull().Samples.ShouldNotBeNull();
            score.Of("inception-score").ShouldNotBeNull().Value!.Value.ShouldBeInRange(1, 10);
            score.Of("psnr-pooled-error").ShouldNotBeNull().Value!.Value.ShouldBeLessThan(score.Psnr!.Value);
        }

        // The winner's KID once more, from the features that lie in the store.
        var plan = await store.RequireJsonAsync<UnitPlan>(BlobNames.Plan(run, await LastRound(store, run)));
        var winner = plan.Plan.Assignments.Select((a, i) => (a, i)).First(p => p.a.Entry.Candidate.Id == board.Best!.Candidate.Id).i;
        var features = new List<float>();
        foreach (var shard in plan.ShardsOfAssignments()[winner])
        {
            features.AddRange((await new ShardFiles(store).ReadAsync(shard, features: true, logits: true)).Features!);
        }

        var model = models.Open(models.Find("digits"));
        var expected = KernelInceptionDistance.Estimate(new FeatureMatrix(features.ToArray(), 72, model.Features!.Dimensions), model.ReferenceFeatures!);
        board.Best!.Of("kid")!.Value!.Value.ShouldBe(expected.Value, 1e-12);
        var csv = Encoding.UTF8.GetString((await store.ReadAsync(BlobNames.Result(run, "leaderboard.csv")))!).Split('\n')[0].Split(',');
        csv.ShouldContain("kid");
        csv.ShouldContain("inceptionScoreError");
    }

    [Fact]
    public void What_a_model_cannot_give_is_refused_by_name_with_what_it_can()
    {
        using var models = TinyRun.Models();
        var refusal = Should.Throw<ProblemException>(() => RunSubmission.Check(Read("objective.metric=ms-ssim", "final.metrics=[\"fid-infinity\"]"), models)).Message;
        refusal.ShouldContain("objective.metric: is 'ms-ssim', but the model 'digits' makes images of 16 x 16, and it needs at least 176 pixels on each side; possible: fid, ");
        refusal.ShouldContain("final.samples: has 72 samples, but 'fid-infinity' needs at least 640.");
    }

    [Fact]
    public void Every_metric_of_the_bundled_model_can_decide_or_says_why_not()
    {
        var manifest = ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")).Manifest;
        var possible = MetricCatalog.All.Where(m => MeasuredMetrics.ReasonAgainst(m, manifest) is null).Select(m => m.Key);
        possible.ShouldBe(MetricCatalog.Keys.Except(["ms-ssim", "clip-score"]), ignoreOrder: true);
    }

    private static RunSpecification Read(params string[] overrides) => SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, overrides));

    private static async Task<int> LastRound(RunStore store, string run) => (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Round - 1;
}
