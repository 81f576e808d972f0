using BatchEval.Core.Sampling;
using BatchEval.Workflow.Reports;

namespace BatchEval.Workflow.Tests.Skipping;

/// <summary>Exported schedules say what a list of times cannot.</summary>
public sealed class SkippingExportTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    [Fact]
    public void Reused_steps_and_policies_are_named()
    {
        var reusing = Files(new Candidate("ddim", [new(900), new(600, reuse: true), new(300)], new SkipPolicy(0, order: 1)));
        reusing["diffusers.py"].ShouldStartWith("# Not part of the list of times: at t = 600 an earlier network output is reused (order 1;");
        reusing["schedule.json"].ShouldContain("\"skipping\"");
        Files(new Candidate("ddim", [new(900), new(600), new(300)], new SkipPolicy(0.1)))["diffusers.py"].ShouldContain("image by image");
    }

    [Fact]
    public void A_plain_list_of_times_needs_no_such_note() => Files(Candidate.At("ddim", [900, 600])).Values.ShouldAllBe(text => !text.Contains("Not part"));

    private static IReadOnlyDictionary<string, string> Files(Candidate candidate) => ScheduleExport.Files(candidate, Schedule);
}
