using System.Text;
using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
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
            score.Of("psnr-pooled-error").ShouldNotBeNull().Value!.Value.ShouldBeLessThan(score.Of("psnr")!.Value!.Value);
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

    // The second network is the first once more and the data are what the statistics were computed from, so both distances are one.
    [Fact]
    public async Task Final_scores_are_judged_by_a_second_network_and_by_the_pixels_themselves()
    {
        var root = Directory.CreateTempSubdirectory("batcheval-second-").FullName;
        try
        {
            Package(Path.Combine(root, "judged"));
            using var models = new ModelHost(new DeviceOptions(), [root]);
            var store = await RunStore.OpenAsync(azurite.ConnectionString);
            var run = await TinyRun.RunAsync(store, models, overrides: ["model=judged", "search.method=none", "baselines=[\"trailing\"]", "final.metrics=[\"pixel-mean\",\"contrast\"]"]);

            var score = (await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"))).Ranked().ShouldHaveSingleItem();
            score.Of("fid-second")!.Value!.Value.ShouldBe(score.Of("fid")!.Value!.Value, 0.002 * score.Of("fid")!.Value!.Value);
            score.Of("fid-second")!.Error!.Value.ShouldBe(score.Of("fid")!.Error!.Value, 0.01 * score.Of("fid")!.Error!.Value);
            var plan = await store.RequireJsonAsync<UnitPlan>(BlobNames.Plan(run, await LastRound(store, run)));
            double[][] images =
            [
                .. plan.ShardsOfAssignments()[0].Select(s => new ShardFiles(store).ReadImagesAsync(s.Key).GetAwaiter().GetResult()).SelectMany(b => b.Pixels.Chunk(b.Size)).Select(p => p.Select(v => (double)v).ToArray()),
            ];
            images.Length.ShouldBe(72);
            score.Of("pixel-mean")!.Value!.Value.ShouldBe(images.Average(i => i.Average()), 1e-9);
            score.Of("contrast")!.Value!.Value.ShouldBe(images.Average(i => Math.Sqrt(i.Average(v => Math.Pow(v - i.Average(), 2)))), 1e-9);
            Encoding.UTF8.GetString((await store.ReadAsync(BlobNames.Result(run, "leaderboard.csv")))!).Split('\n')[0].Split(',').ShouldContain("fidSecond");
            Encoding.UTF8.GetString((await store.ReadAsync(BlobNames.Result(run, "report.html")))!).ShouldContain("neither way is better");
            Should.Throw<ProblemException>(() => RunSubmission.Check(Read("model=judged", "objective.metric=fid-second"), models)).Message
                .ShouldContain("objective.metric: is 'fid-second', which judges final scores and is measured on them alone; name it in final.metrics instead.");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static void Package(string folder)
    {
        var (digits, second) = (Path.Combine(RepoPaths.Samples, "digits"), Directory.CreateDirectory(Path.Combine(folder, "second")).FullName);
        foreach (var file in new[] { "unet.onnx", "features.onnx", "perceptual.onnx", "ref_stats.npz", "data.npy" })
        {
            File.Copy(Path.Combine(digits, file), Path.Combine(folder, file));
        }

        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(digits, "model.json")))!.AsObject();
        manifest["secondFeatures"] = "second";
        File.WriteAllText(Path.Combine(folder, "model.json"), manifest.ToJsonString());
        File.Copy(Path.Combine(digits, "features.onnx"), Path.Combine(second, "features.onnx"));
        File.WriteAllText(Path.Combine(second, "features.json"), """
            {
              "formatVersion": 1, "name": "second",
              "features": { "file": "features.onnx", "input": "images", "output": "features", "dimensions": 64 },
              "image": { "channels": 1, "height": 16, "width": 16, "resize": "none", "mean": [127.5], "std": [127.5] }
            }
            """);
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
        possible.ShouldBe(MetricCatalog.Keys.Except(["ms-ssim", "clip-score", "fid-second"]), ignoreOrder: true);
    }

    private static RunSpecification Read(params string[] overrides) => SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, overrides));

    private static async Task<int> LastRound(RunStore store, string run) => (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Round - 1;
}
