using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Reports;

namespace BatchEval.Workflow.Tests.Reports;

/// <summary>A report as a browser shows it, from a file and without a network.</summary>
public sealed class RenderedReportTests
{
    [BrowserFact]
    public async Task Tables_charts_masks_and_numbers_are_drawn_and_accessible_at_every_size_and_colour()
    {
        var folder = Directory.CreateTempSubdirectory("batcheval-report-");
        try
        {
            var candidate = new Candidate("dpmpp-2m", [new(650, numbers: new StepNumbers { NetworkTime = 631, State = 0.1 }), new(400, numbers: new StepNumbers { FirstDifference = 0.3 }), new(100)], startScale: 1.05);
            var model = SampleReports.Typical() with
            {
                Sampler = SamplerSheet.Of(candidate, DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)),
                Masks = [new SkipMaskSheet("0123456789ab", "searched", 2_000_000, [StepMask.Write([true, false, true, true]), StepMask.Write([true, true, false, false])])],
            };
            var page = Path.Combine(folder.FullName, "report.html");
            await File.WriteAllTextAsync(page, HtmlReport.Write(model));
            var said = await NodeProgram.RunAsync([Path.Combine(RepoPaths.Root, "tests", "BatchEval.Workflow.Tests", "Reports", "report.mjs"), page], minutes: 5);
            said.TrimEnd().ShouldEndWith("done");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
