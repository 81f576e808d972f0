using BatchEval.Core.Sampling;
using BatchEval.Workflow.Reports;

namespace BatchEval.Workflow.Tests.Reports;

/// <summary>The numbers of a winner beside those of its solver.</summary>
public sealed class SamplerSheetTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    private static readonly Candidate Numbered = new(
        "dpmpp-2m", [new(650, numbers: new StepNumbers { NetworkTime = 631, State = 0.1 }), new(400, numbers: new StepNumbers { FirstDifference = 0.3 }), new(100, numbers: new StepNumbers { SecondDifference = -0.2, OutputScale = 1.02 })], startScale: 1.05);

    [Fact]
    public void Holds_both_tables_row_by_row()
    {
        var sheet = SamplerSheet.Of(Numbered, Schedule).ShouldNotBeNull();
        sheet.Rows.Select(r => r.NetworkTime).ShouldBe([631, 400, 100]);
        sheet.Rows[0].Own[0].ShouldBe(1.1 * sheet.Rows[0].Base[0], 1e-12);
        sheet.Rows[1].Own[1].ShouldBeGreaterThan(sheet.Rows[1].Base[1]);
        // The last step of the solver is its data prediction; the second difference is added to it.
        sheet.Rows[2].Base.ShouldBe([0, 1]);
        sheet.Rows[2].Own.Select(v => Math.Round(v, 12)).ShouldBe([0, 0.8, 0.4, -0.2]);
    }

    [Fact]
    public void A_candidate_of_the_solver_alone_has_no_sheet() => SamplerSheet.Of(Candidate.At("ddim", [900, 100]), Schedule).ShouldBeNull();

    [Fact]
    public void The_report_has_it_and_nothing_where_there_is_none()
    {
        var plain = SampleReports.Typical();
        HtmlReport.Write(plain).ShouldContain("\"sampler\":null");
        var page = HtmlReport.Write(plain with { Sampler = SamplerSheet.Of(Numbered, Schedule) });
        page.ShouldContain("\"sampler\":{\"solver\":\"dpmpp-2m\",\"startScale\":1.05,\"calls\":[{\"time\":650,\"networkTime\":631,\"outputScale\":1,\"numbers\":{");
    }
}
