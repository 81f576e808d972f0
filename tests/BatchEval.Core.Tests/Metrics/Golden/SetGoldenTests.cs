using System.Text.Json;
using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics.Golden;

/// <summary>Scores of feature sets against SciPy; tolerances are those of the file or tighter.</summary>
public class SetGoldenTests
{
    private static readonly JsonElement Sets = GoldenFiles.Json("sets.json");

    public static TheoryData<string> SetNames => [.. Sets.GetProperty("sets").EnumerateArray().Select(s => s.GetProperty("name").GetString()!)];

    [Fact]
    public void The_generator_of_the_recipe_is_the_same_here() =>
        GoldenFiles.Uniform(4, 11).ShouldBe(Sets.GetProperty("lcgSeed11").EnumerateArray().Select(v => v.GetDouble()));

    [Theory]
    [MemberData(nameof(SetNames))]
    public void Frechet_and_kernel_distance(string name)
    {
        var set = Sets.GetProperty("sets").EnumerateArray().Single(s => s.GetProperty("name").GetString() == name);
        var (a, b) = (GoldenFiles.Features(set.GetProperty("a")), GoldenFiles.Features(set.GetProperty("b")));
        a.Row(0)[..4].ToArray().Select(v => (double)v).ShouldBe(set.GetProperty("firstValues").EnumerateArray().Select(v => v.GetDouble()));
        var (frechet, scale) = (set.GetProperty("frechet").GetDouble(), MomentAccumulator.Of(a).ToStatistics().Trace);
        foreach (var distance in (double[])[
            new FrechetReference(MomentAccumulator.Of(b).ToStatistics()).DistanceTo(a),
            new FrechetReference(MomentAccumulator.Of(b).ToStatistics()).DistanceByGram(a),
            new FrechetReference(MomentAccumulator.Of(b).ToStatistics()).DistanceTo(MomentAccumulator.Of(a).ToStatistics())])
            distance.ShouldBe(frechet, (1e-9 * frechet) + (1e-12 * scale));
        KernelInceptionDistance.Estimate(a, b).Value.ShouldBe(set.GetProperty("kernelDistance").GetDouble(), 1e-11);
    }

    [Fact]
    public void Kernel_distance_of_numpys_own_subsets()
    {
        var subsets = Sets.GetProperty("kernelSubsets");
        var set = Sets.GetProperty("sets").EnumerateArray().Single(s => s.GetProperty("name").GetString() == subsets.GetProperty("sets").GetString());
        var (a, b) = (GoldenFiles.Features(set.GetProperty("a")), GoldenFiles.Features(set.GetProperty("b")));
        var (rowsA, rowsB) = (subsets.GetProperty("a").Deserialize<int[][]>()!, subsets.GetProperty("b").Deserialize<int[][]>()!);
        var expected = subsets.GetProperty("values").Deserialize<double[]>()!;
        for (var s = 0; s < expected.Length; s++)
            KernelInceptionDistance.Estimate(a.Select(rowsA[s]), b.Select(rowsB[s])).Value.ShouldBe(expected[s], 1e-11);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void Neighbour_metrics(int k)
    {
        var neighbours = Sets.GetProperty("neighbours");
        var (real, fake) = (GoldenFiles.Features(neighbours.GetProperty("real")), GoldenFiles.Features(neighbours.GetProperty("fake")));
        var expected = neighbours.GetProperty("values").GetProperty(k.ToString());
        var (pr, dc) = (PrecisionRecall.Compute(fake, real, k), DensityCoverage.Compute(fake, real, k));
        ShouldBe(pr, expected);
        ShouldBe(dc, expected);
    }

    [Fact]
    public void Neighbour_metrics_with_ties()
    {
        var ties = Sets.GetProperty("neighbours").GetProperty("ties");
        var (real, fake, k) = (Points(ties.GetProperty("real")), Points(ties.GetProperty("fake")), ties.GetProperty("k").GetInt32());
        ShouldBe(PrecisionRecall.Compute(fake, real, k), ties.GetProperty("inclusive"));
        ShouldBe(DensityCoverage.Compute(fake, real, k), ties.GetProperty("strict"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void Inception_score(int splits)
    {
        var golden = Sets.GetProperty("inceptionScore");
        var logits = GoldenFiles.Features(golden.GetProperty("logits"), golden.GetProperty("logits").GetProperty("times").GetDouble());
        var expected = golden.GetProperty("perSplit").GetProperty(splits.ToString()).Deserialize<double[]>()!;

        // The file multiplies in double and float32 has 24 bits; hence 1e-6.
        InceptionScore.FromLogits(logits, splits).Score.Value.ShouldBe(expected.Average(), 1e-6);
    }

    private static void ShouldBe(PrecisionRecallResult actual, JsonElement expected)
    {
        actual.Precision.Value.ShouldBe(expected.GetProperty("precision").GetDouble(), 1e-12);
        actual.Recall.Value.ShouldBe(expected.GetProperty("recall").GetDouble(), 1e-12);
    }

    private static void ShouldBe(DensityCoverageResult actual, JsonElement expected)
    {
        actual.Density.Value.ShouldBe(expected.GetProperty("density").GetDouble(), 1e-12);
        actual.Coverage.Value.ShouldBe(expected.GetProperty("coverage").GetDouble(), 1e-12);
    }

    private static FeatureMatrix Points(JsonElement rows)
    {
        var points = rows.Deserialize<double[][]>()!;
        return new FeatureMatrix(points.SelectMany(p => p).Select(v => (float)v).ToArray(), points.Length, points[0].Length);
    }
}
