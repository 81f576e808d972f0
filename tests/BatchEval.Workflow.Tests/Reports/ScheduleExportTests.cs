using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Scoring;

namespace BatchEval.Workflow.Tests.Reports;

/// <summary>What users paste into their pipelines, and the tables they open.</summary>
public sealed class ScheduleExportTests
{
    private static readonly NoiseSchedule StableDiffusion = DiscreteNoiseSchedule.ScaledLinear(1000, 0.00085, 0.012);

    [Fact]
    public void A_schedule_to_no_noise_ends_in_sigma_zero()
    {
        var files = ScheduleExport.Files(Candidate.At("dpmpp-2m", [999, 850, 455]), StableDiffusion);
        var sigmas = files["comfyui-sigmas.txt"].Split(',').Select(double.Parse).ToArray();
        sigmas.Length.ShouldBe(4);
        sigmas[0].ShouldBe(14.6146, 1e-3);
        sigmas[1].ShouldBe(6.4746, 1e-3);
        sigmas[3].ShouldBe(0);
        files["diffusers.py"].ShouldContain("DPMSolverMultistepScheduler");
        files["diffusers.py"].ShouldContain("timesteps = [999, 850, 455]");
        JsonDocument.Parse(files["schedule.json"]).RootElement.GetProperty("ending").GetString()!.ShouldContain("The last sigma is 0");
    }

    [Fact]
    public void A_schedule_with_an_end_stops_there()
    {
        var files = ScheduleExport.Files(Candidate.At("euler", [999, 455], end: 0), StableDiffusion);
        files["comfyui-sigmas.txt"].Split(',').Select(double.Parse).Last().ShouldBe(0.02916716, 1e-6);
        JsonDocument.Parse(files["schedule.json"]).RootElement.GetProperty("ending").GetString()!.ShouldContain("stops at the last sigma");
    }

    [Fact]
    public void A_continuous_model_is_exported_by_its_sigmas() =>
        ScheduleExport.Files(Candidate.At("heun", [80, 5, 0.5]), new SigmaNoiseSchedule(0.002, 80))["diffusers.py"].ShouldContain("set_timesteps(sigmas=sigmas)");

    [Fact]
    public void Names_with_commas_and_quotes_stay_one_field()
    {
        var csv = LeaderboardCsv.Write([Score("a, \"b\"", 4, 2)]);
        csv.Split('\n')[1].ShouldContain("\"a, \"\"b\"\"\"");
        csv.Split('\n')[0].ShouldStartWith("id,name,role,networkCalls,objective");
    }

    [Fact]
    public void The_pareto_front_is_what_nobody_beats_in_calls_and_objective() =>
        LeaderboardCsv.Pareto([Score("a", 4, 3), Score("b", 6, 2), Score("c", 6, 2.5), Score("d", 10, 2), Score("e", 3, 9)]).Select(s => s.Name).ShouldBe(["e", "a", "b"]);

    private static CandidateScore Score(string name, int calls, double objective) => new()
    {
        Id = name,
        Name = name,
        Role = ContestantRole.Baseline,
        Candidate = Candidate.At("ddim", Enumerable.Range(1, calls).Select(t => (double)t)),
        NetworkCalls = calls,
        Objective = objective,
    };
}
