using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Workflow.Reports;

namespace BatchEval.Cli.Schedules;

/// <summary>Forms in which a schedule can be pasted into another tool.</summary>
internal static class ScheduleForms
{
    private static readonly SortedDictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["comfyui"] = "comfyui-sigmas.txt",
        ["diffusers"] = "diffusers.py",
        ["json"] = "schedule.json",
        ["k-diffusion"] = "k-diffusion.py",
    };

    /// <summary>Names of the forms.</summary>
    public static IReadOnlyCollection<string> Names => Files.Keys;

    /// <summary>A schedule in a form.</summary>
    public static string Write(string form, string solver, SamplingSchedule found, NoiseSchedule schedule) =>
        ScheduleExport.Files(Candidate.At(solver, found.Times, found.End), schedule)[Files[form]];
}
