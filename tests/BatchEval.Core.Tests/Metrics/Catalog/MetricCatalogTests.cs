using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;

namespace BatchEval.Core.Tests.Metrics.Catalog;

/// <summary>How the catalogue computes metrics of sets and puts values per image together.</summary>
public sealed class MetricCatalogTests
{
    [Theory]
    [InlineData("ssim")]
    [InlineData("ms-ssim")]
    [InlineData("lpips")]
    [InlineData("psnr")]
    [InlineData("pixel-mean")]
    [InlineData("contrast")]
    [InlineData("clip-score")]
    public void Values_per_image_become_their_mean_with_its_standard_error(string metric)
    {
        // mean 2.5, sd (ddof = 1) sqrt(5 / 3), error sd / sqrt(4)
        var score = Reduced(metric, 1, 2, 3, 4);
        score.Value.ShouldBe(2.5, 1e-15);
        score.StandardError.ShouldBe(Math.Sqrt(5.0 / 12), 1e-15);
        score.SampleCount.ShouldBe(4);
        Reduced(metric, 3).StandardError.ShouldBe(0);
        Reduced(metric, 3, 5).StandardError.ShouldBe(1, 1e-15);
        Reduced(metric).Value.ShouldBe(double.NaN);
    }

    [Fact]
    public void The_pooled_error_weighs_images_by_their_size()
    {
        // 10 dB and 20 dB are errors 0.1 and 0.01 of the squared peak: (3 * 0.1 + 1 * 0.01) / 4.
        var score = MetricCatalog.Find("psnr-pooled-error").Reduce!([10, 20], [3, 1]);
        score.Value.ShouldBe(-10 * Math.Log10(0.31 / 4), 1e-12);
        score.SampleCount.ShouldBe(2);
    }

    [Fact]
    public void Each_metric_of_sets_is_the_one_of_its_name()
    {
        var (x, y, held) = (TestFeatures.Normal(40, 4, 1), TestFeatures.Normal(50, 4, 2, 1.2, 0.2), TestFeatures.Normal(45, 4, 3, 1.1));
        var (reference, heldOut) = (new FrechetReference(MomentAccumulator.Of(y).ToStatistics()), new FrechetReference(MomentAccumulator.Of(held).ToStatistics()));
        var sets = new SampleSets { Features = x, ReferenceFeatures = y, Reference = reference, HeldOut = heldOut, Logits = x, SecondFeatures = held, SecondReference = reference, Seed = 3 };
        var (pr, dc) = (PrecisionRecall.Compute(x, y), DensityCoverage.Compute(x, y));
        (string Key, ScoreWithError Score)[] expected =
        [
            ("fid", FrechetJackknife.Estimate(reference, x)), ("fid-held-out", FrechetJackknife.Estimate(heldOut, x)), ("fid-second", FrechetJackknife.Estimate(reference, held)),
            ("fid-infinity", FrechetInfinity.Estimate(reference, x, new FrechetInfinityOptions(3))), ("inception-score", InceptionScore.FromLogits(x, 10, 3).Score),
            ("kid", KernelInceptionDistance.Estimate(x, y)), ("precision", pr.Precision), ("recall", pr.Recall), ("density", dc.Density), ("coverage", dc.Coverage),
            ("cmmd", Cmmd.Compute(x, y)), ("mind", Mind.Compute(x, y, 3)),
        ];
        foreach (var (key, score) in expected) MetricCatalog.Compute(MetricCatalog.Find(key), sets).Score.ShouldBe(score, key);
    }

    [Theory]
    [InlineData("fid", "needs reference statistics")]
    [InlineData("fid-held-out", "never trained on")]
    [InlineData("fid-second", "second feature network")]
    [InlineData("fid-infinity", "needs reference statistics")]
    [InlineData("inception-score", "class scores")]
    [InlineData("kid", "on both sides")]
    [InlineData("recall", "on both sides")]
    public void What_is_missing_is_said(string metric, string reason)
    {
        var outcome = MetricCatalog.Compute(MetricCatalog.Find(metric), new SampleSets { Features = TestFeatures.Normal(20, 3, 1) });
        outcome.Score.ShouldBeNull();
        outcome.Reason!.ShouldContain(reason);
    }

    [Fact]
    public void A_second_network_is_needed_on_both_sides()
    {
        var x = TestFeatures.Normal(20, 3, 1);
        var reference = new FrechetReference(MomentAccumulator.Of(x).ToStatistics());
        foreach (var half in new[] { new SampleSets { SecondFeatures = x }, new SampleSets { SecondReference = reference } })
            MetricCatalog.Compute(MetricCatalog.Find("fid-second"), half).Reason!.ShouldContain("on both sides");
    }

    [Fact]
    public void Too_few_samples_are_a_reason_and_the_fewest_are_enough()
    {
        Reason("inception-score", 9, 3).ShouldContain("at least 10");
        Reason("inception-score", 10, 3).ShouldBeEmpty();
        Reason("precision", 3, 3).ShouldContain("more than 3");
        Reason("precision", 4, 3).ShouldBeEmpty();
        Reason("coverage", 5, 3).ShouldContain("more than 5");
        Reason("coverage", 6, 3).ShouldBeEmpty();
        Reason("fid-infinity", 39, 4).ShouldContain("10 per dimension (40); there are 39");
        Reason("fid-infinity", 40, 4).ShouldBeEmpty();
        Reason("kid", 1, 3).ShouldContain("at least two");
        MetricCatalog.Find("fid-infinity").MinimumSamples(4).ShouldBe(40);
        MetricCatalog.Find("fid-infinity").MinimumSamples(2048).ShouldBe(5001);

        static string Reason(string metric, int n, int d)
        {
            var x = TestFeatures.Normal(n, d, 1);
            var y = TestFeatures.Normal(60, d, 2);
            var reference = new FrechetReference(MomentAccumulator.Of(y).ToStatistics());
            return MetricCatalog.Compute(MetricCatalog.Find(metric), new SampleSets { Features = x, ReferenceFeatures = y, Logits = x, Reference = reference }).Reason ?? string.Empty;
        }
    }

    [Fact]
    public void A_thousand_samples_give_KID_without_subsets()
    {
        var sets = new SampleSets { Features = TestFeatures.Normal(1000, 1, 1), ReferenceFeatures = TestFeatures.Normal(1001, 1, 2) };
        MetricCatalog.Compute(MetricCatalog.Find("kid"), sets).Score!.Method.ShouldContain("all samples");
    }

    [Fact]
    public void Statistics_alone_give_a_distance_without_an_error_and_a_search_asks_for_none()
    {
        var x = TestFeatures.Normal(40, 4, 1);
        var reference = new FrechetReference(MomentAccumulator.Of(TestFeatures.Normal(50, 4, 2)).ToStatistics());
        var fid = MetricCatalog.Find("fid");
        var plain = reference.DistanceTo(x);
        foreach (var sets in (SampleSets[])[
            new() { Reference = reference, Statistics = MomentAccumulator.Of(x).ToStatistics() }, new() { Reference = reference, Features = x, WithErrors = false },
            new() { Reference = reference, Features = x, Control = Same(x) }])
        {
            var score = MetricCatalog.Compute(fid, sets).Score!;
            score.Value.ShouldBe(plain, 1e-12 * plain);
            score.StandardError.ShouldBe(double.NaN);
            score.SampleCount.ShouldBe(40);
        }

        MetricCatalog.Compute(fid, new SampleSets { Reference = reference, Features = x.Slice(0, 3) }).Score!.Method.ShouldContain("too few samples");

        // a control variate that changes nothing
        static ControlledMoments Same(FeatureMatrix x) => new(MomentAccumulator.Of(x).ToStatistics(), MomentAccumulator.Of(x).ToStatistics());
    }

    [Fact]
    public void Sets_above_the_limit_of_pairs_are_drawn_down_to_it_by_the_seed()
    {
        var (x, y) = (TestFeatures.Normal(30, 3, 1), TestFeatures.Normal(20, 3, 2));
        Score(30).SampleCount.ShouldBe(30);
        Score(12).SampleCount.ShouldBe(12);
        Score(12).ShouldBe(Score(12));
        Score(12, 1).Value.ShouldNotBe(Score(12).Value);

        ScoreWithError Score(int limit, ulong seed = 0) =>
            MetricCatalog.Compute(MetricCatalog.Find("cmmd"), new SampleSets { Features = x, ReferenceFeatures = y, PairLimit = limit, Seed = seed }).Score!;
    }

    [Fact]
    public void Rows_say_what_they_need_and_how_small_images_may_be()
    {
        MetricCatalog.Find("ms-ssim").MinimumSide.ShouldBe(176);
        MetricCatalog.Find("fid-infinity").Needs.ShouldBe(MetricNeeds.ReferenceStatistics | MetricNeeds.Features);
        MetricCatalog.Find("kid").Needs.ShouldBe(MetricNeeds.Features | MetricNeeds.ReferenceFeatures);
        MetricCatalog.Find("lpips").Needs.ShouldBe(MetricNeeds.Pairs | MetricNeeds.PerceptualNetwork);
        MetricCatalog.Find("psnr-mean-of-images").Member.ShouldBe("psnr");
        MetricCatalog.Find("fid-held-out").Member.ShouldBe("fidHeldOut");
        MetricCatalog.All.Where(m => m.IsJudge).Select(m => m.Key).ShouldBe(["fid-second", "pixel-mean", "contrast"]);
        MetricCatalog.All.Where(m => m.IsPerImage).Select(m => m.Key).ShouldBe(["psnr", "ssim", "ms-ssim", "lpips", "pixel-mean", "contrast", "clip-score"]);
        MetricCatalog.Find("fid").Direction.ShouldBe("lower is better");
        MetricCatalog.Find("psnr").Direction.ShouldBe("higher is better");
        MetricCatalog.Find("contrast").Direction.ShouldBe("neither way is better");
        new[] { "fid", "precision", "recall", "density", "coverage", "inception-score" }.Select(k => MetricCatalog.Find(k).MinimumSamples(2048)).ShouldBe([2, 4, 4, 6, 6, 10]);
        MetricCatalog.Find("ssim").ToObjective(0.75).ShouldBe(-0.75);
        MetricCatalog.Find("fid").ToObjective(0.75).ShouldBe(0.75);
    }

    private static ScoreWithError Reduced(string metric, params double[] values) => MetricCatalog.Find(metric).Reduce!(values, [.. values.Select(_ => 1)]);
}
