using BatchEval.Core.Json;
using BatchEval.Core.Metrics;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Evaluation;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Evaluation;

public sealed class StatisticsBuilderTests : IDisposable
{
    private const int Count = 90;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("statistics");
    private readonly FeatureNetwork network = new(FeaturePackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());

    public void Dispose()
    {
        network.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Statistics_and_features_do_not_depend_on_the_batch_size_and_are_those_of_the_features()
    {
        Source(Count);
        var (first, tags) = Build(new StatisticsOptions { BatchSize = 32, ShardSize = 40, FeaturesFile = In("features.npy") });
        var bytes = File.ReadAllBytes(In("out.npz"));
        Build(new StatisticsOptions { BatchSize = 32, ShardSize = 40 });
        File.ReadAllBytes(In("out.npz")).ShouldBe(bytes);

        var features = NpyFormat.ReadFile(In("features.npy"));
        features.Shape.ShouldBe([Count, 64]);
        var direct = MomentAccumulator.Of(new FeatureMatrix(features.ToFloat32(), Count, 64)).ToStatistics();
        first.Covariance.ShouldBe(direct.Covariance, 1e-10);
        var read = StatisticsFile.Read(In("out.npz"));
        read.Count.ShouldBe(Count);
        read.Mean.ShouldBe(first.Mean);
        StatisticsTags.Read(In("out.npz")).ShouldBe(tags);
        tags.Preprocessing.ShouldBe("model-range");
        tags.Images.ShouldEndWith($"-{Count}");
    }

    [Fact]
    public void An_interrupted_computation_goes_on_and_ends_in_the_same_bytes()
    {
        Source(Count);
        var options = new StatisticsOptions { BatchSize = 8, ShardSize = 20, FeaturesFile = In("features.npy"), StateFile = In("state"), SaveEvery = TimeSpan.Zero };
        Build(options with { StateFile = null });
        var (statistics, features) = (File.ReadAllBytes(In("out.npz")), File.ReadAllBytes(In("features.npy")));
        File.Delete(In("out.npz"));
        File.Delete(In("features.npy"));
        using var stop = new CancellationTokenSource();

        Should.Throw<OperationCanceledException>(() => Build(options, done => Stop(stop, done >= 50), stop.Token));

        File.Exists(In("out.npz")).ShouldBeFalse();
        File.Exists(In("features.npy")).ShouldBeFalse();
        var seen = new List<int>();
        Build(options, seen.Add);
        seen[0].ShouldBe(40);
        File.ReadAllBytes(In("out.npz")).ShouldBe(statistics);
        File.ReadAllBytes(In("features.npy")).ShouldBe(features);
        Directory.EnumerateFiles(folder.FullName).Select(Path.GetFileName).Order().ShouldBe(["features.npy", "images.npy", "out.npz"]);
    }

    [Fact]
    public void A_state_of_other_images_or_a_damaged_one_is_refused()
    {
        Source(Count);
        var options = new StatisticsOptions { BatchSize = 8, ShardSize = 20, StateFile = In("state"), SaveEvery = TimeSpan.Zero };
        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => Build(options, done => Stop(stop, done >= 50), stop.Token));
        Should.Throw<ProblemException>(() => Build(options with { ShardSize = 30 })).Message.ShouldContain("other images");
        Source(Count - 1);
        Should.Throw<ProblemException>(() => Build(options)).Message.ShouldContain("other images");
        File.WriteAllText(In("state"), "no state");
        Should.Throw<ProblemException>(() => Build(options)).Message.ShouldContain("cannot be used");
    }

    [Fact]
    public void A_bad_image_leaves_nothing_behind()
    {
        Directory.CreateDirectory(In("pictures"));
        File.WriteAllBytes(In("pictures/0.png"), ImageCodec.EncodePng(new RgbImage(16, 16, new byte[768])));
        File.WriteAllBytes(In("pictures/1.png"), ImageCodec.EncodePng(new RgbImage(16, 12, new byte[576])));
        var builder = new StatisticsBuilder(ImageSources.Open(In("pictures")), network, new StatisticsOptions { FeaturesFile = In("features.npy") });

        Should.Throw<ProblemException>(() => builder.Write(In("out.npz"))).Message.ShouldContain("pictures/1.png is 16 x 12");

        Directory.EnumerateFiles(folder.FullName).ShouldBeEmpty();
    }

    [Fact]
    public void Constant_images_have_a_covariance_of_zero()
    {
        NpyFormat.WriteFile(In("images.npy"), NpyArray.From(new byte[20 * 256], 20, 16, 16));
        var (statistics, _) = Build(new StatisticsOptions());
        statistics.Covariance.ShouldAllBe(v => Math.Abs(v) < 1e-20);
    }

    [Fact]
    public void Features_that_are_not_finite_or_too_few_are_refused_by_name()
    {
        float[] values = [.. Enumerable.Range(0, 8).Select(i => i == 5 ? float.NaN : i)];
        NpyFormat.WriteFile(In("nan.npy"), NpyArray.From(values, 4, 2));
        Should.Throw<ProblemException>(() => MeasuredSet.OfFeatures(In("nan.npy"), 1)).Message.ShouldContain("Feature 1 of row 2 is NaN");
        NpyFormat.WriteFile(In("one.npy"), NpyArray.From(values, 1, 8));
        Should.Throw<InvalidDataException>(() => MeasuredSet.OfFeatures(In("one.npy"), 1)).Message.ShouldContain("n at least 2");
    }

    [Fact]
    public void The_order_of_the_samples_changes_no_score()
    {
        var random = new Random(3);
        float[][] rows = [.. Enumerable.Range(0, 60).Select(_ => Enumerable.Range(0, 3).Select(_ => (float)random.NextDouble()).ToArray())];
        var reference = Measured("y.npy", [.. Enumerable.Range(0, 50).Select(_ => Enumerable.Range(0, 3).Select(_ => (float)random.NextDouble()).ToArray())]);
        MetricReport Of(string name, float[][] x) => DistributionMetrics.Compute(Measured(name, x), reference, new DistributionOptions());

        var (there, back) = (Of("x.npy", rows), Of("z.npy", [.. rows.Reverse()]));

        // MIND draws a subset of the larger set and the extrapolation shuffles, so both look at other samples.
        foreach (var score in there.Scores.Where(s => s.Provenance.Metric is not ("mind" or "fid-infinity")))
        {
            back.Scores.Single(s => s.Provenance.Metric == score.Provenance.Metric).Score.Value.ShouldBe(score.Score.Value, 1e-9, score.Provenance.Metric);
        }
    }

    private MeasuredSet Measured(string name, float[][] rows)
    {
        NpyFormat.WriteFile(In(name), NpyArray.From(rows.SelectMany(r => r).ToArray(), rows.Length, rows[0].Length));
        return MeasuredSet.OfFeatures(In(name), 1);
    }

    private static void Stop(CancellationTokenSource source, bool now)
    {
        if (now) source.Cancel();
    }

    private (GaussianStatistics Statistics, StatisticsTags Tags) Build(StatisticsOptions options, Action<int>? progress = null, CancellationToken cancellation = default) =>
        new StatisticsBuilder(ImageSources.Open(In("images.npy")), network, options).Write(In("out.npz"), progress, cancellation);

    private void Source(int count)
    {
        var random = new Random(5);
        var pixels = new byte[count * 256];
        random.NextBytes(pixels);
        NpyFormat.WriteFile(In("images.npy"), NpyArray.From(pixels, count, 16, 16));
    }

    private string In(string name) => Path.Combine(folder.FullName, name);
}
