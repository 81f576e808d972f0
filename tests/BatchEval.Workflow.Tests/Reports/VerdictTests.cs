using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports.Html;

namespace BatchEval.Workflow.Tests.Reports;

public sealed class VerdictTests
{
    private static readonly CandidateScore Winner = SampleReports.Score("searched", EntryRole.Searched, 2.7, 0.1, [700, 500, 300, 100]);
    private static readonly CandidateScore Trailing = Baseline("trailing", 6.1, 0.2, 999);

    [Fact]
    public void Clear_win_is_one_plain_sentence()
    {
        var verdict = Judge(Winner, Trailing, Baseline("karras", 5, 0.2, 998));
        Plain(verdict.Headline).ShouldBe("4 network calls: FID 2.70 ± 0.10 against 6.10 ± 0.20 for the best default spacing, trailing (0.44×).");
        verdict.Summary.ShouldBe("Better by more than one standard error than each of the 2 baselines.");
    }

    [Fact]
    public void Better_baseline_is_named()
    {
        var verdict = Judge(Winner, Trailing, Baseline("trimmed-uniform", 2.5, 0.1, 700));
        Plain(verdict.Headline).ShouldEndWith("trailing (0.44×); but the baseline trimmed-uniform is better (2.50 ± 0.10).");
        verdict.Summary.ShouldBe("Better by more than one standard error than trailing. Worse by more than one standard error than trimmed-uniform.");
    }

    [Fact]
    public void Level_means_within_one_standard_error_of_the_difference()
    {
        Plain(Judge(Winner, Baseline("trailing", 2.84, 0.1, 999)).Headline).ShouldBe("4 network calls: FID 2.70 ± 0.10 is level with the best default spacing, trailing (2.84 ± 0.10).");
        Judge(Winner, Baseline("trailing", 2.86, 0.1, 999)).Comparisons[0].Standing.ShouldBe(Standing.Behind, "sqrt(0.1^2 + 0.1^2) = 0.141");
        Plain(Judge(Winner, Baseline("trailing", 2.5, 0.1, 999)).Headline).ShouldContain("is worse than the best default spacing, trailing");
    }

    [Fact]
    public void Winner_that_is_a_baseline_is_called_so()
    {
        var verdict = Judge(Winner, Trailing, Winner with { Name = "trimmed-uniform", Role = EntryRole.Baseline });
        Plain(verdict.Headline).ShouldEndWith("(0.44×); the winner is the very schedule of the baseline trimmed-uniform.");
        Plain(Judge(Winner, Winner with { Name = "leading", Role = EntryRole.Baseline }).Headline).ShouldEndWith("from the very schedule of the best default spacing, leading: nothing was won.");
    }

    [Fact]
    public void Metric_where_more_is_better_reads_the_right_way_round()
    {
        var best = Winner with { Objective = -24.5, ObjectiveError = 0.2 };
        var model = SampleReports.Of(best, [Trailing with { Objective = -21.25, ObjectiveError = 0.2 }], [], "psnr");
        var verdict = new Verdict(model.Leaderboard);
        Plain(verdict.Headline).ShouldBe("4 network calls: PSNR 24.50 ± 0.20 dB against 21.25 ± 0.20 dB for the best default spacing, trailing (+3.25 dB).");
        verdict.Comparisons[0].Standing.ShouldBe(Standing.Behind);
    }

    [Fact]
    public void Different_number_of_calls_is_said()
    {
        Plain(Judge(Winner, Trailing with { NetworkCalls = 7 }).Headline).ShouldContain("trailing with 7 network calls (0.44×)");
    }

    [Theory]
    [InlineData(2.714, 0.123, "2.71 ± 0.12")]
    [InlineData(271.4, 12.3, "271 ± 12")]
    [InlineData(-0.00312, 0.00021, "\u22120.00312 ± 0.00021")]
    [InlineData(2.7, 0.0, "2.700 ± 0.000")]
    public void Error_decides_the_digits(double value, double error, string text)
    {
        Plain(ReportNumbers.WithError(value, error)).ShouldBe(text);
    }

    private static Verdict Judge(CandidateScore best, params CandidateScore[] baselines) => new(SampleReports.Of(best, baselines, []).Leaderboard);

    private static string Plain(string text) => text.Replace('\u00A0', ' ');

    private static CandidateScore Baseline(string name, double fid, double error, double start) =>
        SampleReports.Score(name, EntryRole.Baseline, fid, error, [start, 500, 300, 101]);
}
