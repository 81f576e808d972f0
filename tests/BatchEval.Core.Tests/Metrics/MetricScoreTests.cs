using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class MetricScoreTests
{
    private static readonly ScoreProvenance Provenance = new("fid", "clean-299-bicubic", "sha256:1", "sha256:2");

    [Fact]
    public void Comparable_scores_are_subtracted_with_their_error()
    {
        var difference = new MetricScore(new ScoreWithError(10, 3, 1000, "a"), Provenance).DifferenceTo(new MetricScore(new ScoreWithError(4, 4, 900, "b"), Provenance));
        difference.Value.ShouldBe(6);
        difference.StandardError.ShouldBe(5);
        difference.SampleCount.ShouldBe(900);
    }

    [Fact]
    public void Scores_of_different_origin_are_refused_with_every_reason()
    {
        var mine = new MetricScore(new ScoreWithError(10, 3, 1000, "a"), Provenance);
        var theirs = mine with { Provenance = Provenance with { Preprocessing = "tf1-bilinear", ReferenceDigest = "sha256:3" } };
        var message = Should.Throw<ArgumentException>(() => mine.DifferenceTo(theirs)).Message;
        message.ShouldContain("preprocessing is 'clean-299-bicubic' for one and 'tf1-bilinear'");
        message.ShouldContain("reference is 'sha256:2'");
        message.ShouldNotContain("network");
        Provenance.ReasonNotComparable(Provenance with { }).ShouldBeNull();
    }

    [Theory]
    [InlineData(1000, "singular")]
    [InlineData(5000, "biased upwards")]
    public void Few_samples_are_flagged_and_alternatives_offered(long count, string word)
    {
        var advice = SampleSizeAdvice.ForFrechetDistance(count, 2048);
        advice.ShouldNotBeNull();
        advice.ShouldContain(word);
        advice.ShouldContain("KID");
        SampleSizeAdvice.ForFrechetDistance(2048, 2048)!.ShouldContain("singular");
        SampleSizeAdvice.ForFrechetDistance(2049, 2048)!.ShouldContain("biased upwards");
        SampleSizeAdvice.ForFrechetDistance(49_999, 2048)!.ShouldContain("biased upwards");
        SampleSizeAdvice.ForFrechetDistance(50_000, 2048).ShouldBeNull();
    }
}
