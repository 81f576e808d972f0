using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Evaluation;

/// <summary>The one way from candidates to scores, on the bundled model.</summary>
public sealed class EvaluatorTests : IDisposable
{
    private static readonly Metric Fid = MetricCatalog.Find("fid");
    private readonly OpenedModel model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());
    private readonly MemoryBlobs blobs = new();
    private readonly Evaluator evaluator;

    public EvaluatorTests() => evaluator = new Evaluator(model, new EvaluationSetting(1, Conditions.None, "cpu"), blobs, TimeProvider.System);

    public void Dispose() => model.Dispose();

    [Fact]
    public async Task Scores_are_those_of_the_samples_whatever_the_parallelism_and_nothing_is_computed_twice()
    {
        Entry[] entries = [Entry("a", 999, 500), Entry("b", 999, 400), Entry("again", 999, 500)];
        var range = new SampleRange(100, 600);

        var scores = await evaluator.ScoreAsync(entries, range, new MeasuredMetrics(Fid, [Fid]), parallel: 2);

        scores.Select(s => s.Name).ShouldBe(["a", "b", "again"]);
        scores[2].Metrics["fid"].ShouldBe(scores[0].Metrics["fid"]);
        var samples = new ShardComputer(model, new NoiseBank(1), Conditions.None).Sample(7, [.. range.Indices.Select(i => (entries[0].Candidate, i))], default);
        var images = ImageBatch.Quantise([.. samples.Select(s => s.Image)], model.Sampling.Manifest.Image);
        var features = model.Features!.Run(images.ToModelRange(model.Sampling.Manifest.Image), withLogits: false).Features;
        var direct = FrechetJackknife.Estimate(model.Training!, new FeatureMatrix(features, 600, model.Features.Dimensions));
        (scores[0].Of("fid")!.Value, scores[0].Of("fid")!.Error, scores[0].Of("fid")!.Samples).ShouldBe((direct.Value, direct.StandardError, 600));
        (await evaluator.ComputeAsync([Shard.Create(evaluator.Context, entries[1].Candidate, new SampleRange(100, 512)), Shard.Create(evaluator.Context, entries[1].Candidate, new SampleRange(612, 88))]))
            .ShouldBe(new ComputedShards(0, 0));
    }

    [Fact]
    public async Task Images_and_comparisons_are_added_to_a_stored_result_and_comparisons_need_no_sampling_where_images_are()
    {
        var (candidate, range) = (Entry("a", 999, 500).Candidate, new SampleRange(0, 8));
        var reference = Shard.Create(evaluator.Context, Entry("reference", 999, 750, 500, 250).Candidate, range, keepImages: true);
        var shard = Shard.Create(evaluator.Context, candidate, range);
        (await evaluator.ComputeAsync([shard, reference])).Shards.ShouldBe(2);

        var withImages = shard with { KeepImages = true };
        (await evaluator.ComputeAsync([withImages])).ShouldBe(new ComputedShards(1, 2 * 8));
        var compared = withImages with { ComparedWith = reference.Key };
        (await evaluator.ComputeAsync([compared])).ShouldBe(new ComputedShards(1, 0));
        (await evaluator.ComputeAsync([compared])).ShouldBe(new ComputedShards(0, 0));

        var result = (await evaluator.ReadAsync([compared], [Fid])).ShouldHaveSingleItem();
        result.Pairs!.Values.Keys.ShouldBe([.. PairedOn(model).Append("lpips").Order(StringComparer.Ordinal)]);
        var (a, b) = (await new ShardFiles(blobs).ReadImagesAsync(shard.Key), await new ShardFiles(blobs).ReadImagesAsync(reference.Key));
        result.Pairs.Values["psnr"].ShouldBe(Enumerable.Range(0, 8).Select(i => Psnr8(a[i], b[i])), 1e-4);
    }

    [Fact]
    public async Task Images_of_a_latent_model_are_compared_in_the_shape_that_its_decoder_gives_them()
    {
        using var latent = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", "ldm")), new DeviceOptions());
        MeasuredMetrics.ReasonAgainst(MetricCatalog.Find("ssim"), latent.Sampling.Manifest).ShouldBeNull("latents are 8 x 8, images 32 x 32");
        var own = new Evaluator(latent, new EvaluationSetting(1, Conditions.None, "cpu"), blobs, TimeProvider.System);
        var reference = Shard.Create(own.Context, Entry("reference", 999, 500).Candidate, new SampleRange(0, 2), keepImages: true);
        var shard = Shard.Create(own.Context, Entry("a", 999).Candidate, reference.Range, keepImages: true, reference.Key);
        await own.ComputeAsync([reference]);
        await own.ComputeAsync([shard]);

        var pairs = (await own.ReadAsync([shard], [MetricCatalog.Find("psnr")])).ShouldHaveSingleItem().Pairs!.Values;
        var (a, b) = (await new ShardFiles(blobs).ReadImagesAsync(shard.Key), await new ShardFiles(blobs).ReadImagesAsync(reference.Key));
        a.Shape.ShouldBe([2, 3, 32, 32]);
        pairs.Keys.ShouldBe([.. PairedOn(latent).Order(StringComparer.Ordinal)]);
        pairs["psnr"].ShouldBe(Enumerable.Range(0, 2).Select(i => Psnr8(a[i], b[i])), 1e-4);
    }

    [Fact]
    public async Task A_cell_that_failed_is_complete_whatever_else_is_asked_of_it()
    {
        var shard = Shard.Create(evaluator.Context, Entry("a", 999, 500).Candidate, new SampleRange(0, 2));
        var failed = new ShardResult(shard.Key, shard.Candidate.Id, shard.Range, [2, 2], "not finite", "other", 0, 0);
        await new ShardFiles(blobs).WriteAsync(shard, failed, default);
        (await evaluator.ComputeAsync([shard with { KeepImages = true, ComparedWith = shard.Key }])).ShouldBe(new ComputedShards(0, 0));
        var score = (await evaluator.ScoreAsync([new Entry("a", EntryRole.Given, shard.Candidate)], shard.Range, new MeasuredMetrics(Fid, [Fid]))).ShouldHaveSingleItem();
        (score.Failure, score.Objective).ShouldBe(("not finite", double.PositiveInfinity));
    }

    [Fact]
    public async Task Whatever_fails_for_one_shard_the_others_that_were_sampled_with_it_are_stored()
    {
        var broken = Shard.Create(evaluator.Context, Entry("a", 999, 500).Candidate, new SampleRange(0, 2), comparedWith: new string('0', 64));
        var whole = Shard.Create(evaluator.Context, Entry("b", 999, 400).Candidate, new SampleRange(0, 2));
        var error = await Should.ThrowAsync<InvalidOperationException>(() => evaluator.ComputeAsync([broken, whole]));
        error.Message.ShouldContain("images.npy' is missing");
        (await evaluator.ComputeAsync([whole])).ShouldBe(new ComputedShards(0, 0));
    }

    // Whatever the catalogue compares image by image without a network, as far as the images are large enough.
    private static IEnumerable<string> PairedOn(OpenedModel opened) =>
        MetricCatalog.All.Where(m => m.OfPair is not null && Math.Min(opened.Sampling.Manifest.Image.Height, opened.Sampling.Manifest.Image.Width) >= m.MinimumSide).Select(m => m.Key);

    private static double Psnr8(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }

        return 10 * Math.Log10(255.0 * 255 / (sum / a.Length));
    }

    private static Entry Entry(string name, params double[] times) => new(name, EntryRole.Given, Candidate.At("ddim", times));
}
