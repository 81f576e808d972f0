using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Workflow.Schedules;

/// <summary>What a user asks of <c>batcheval schedule</c>.</summary>
/// <param name="Method">One of <see cref="ScheduleMethods.All"/>.</param>
/// <param name="Steps">Network calls, at least 1.</param>
/// <param name="Setting">Solver, conditions and seed.</param>
/// <param name="Materials">What is computed from the network.</param>
/// <param name="Shape">End points and parameters of rules.</param>
/// <param name="Preset">Published list, for <c>ays</c>.</param>
/// <param name="BoundAlone">For <c>klub-dp</c> and <c>klub</c>: the bound's own optimum, neither chosen nor stopped early by FID.</param>
/// <param name="Start">Share of the noise that sampling starts from (image-to-image strength), in (0, 1].</param>
/// <param name="Distance">For <c>gits</c>: what is measured of a step from the teacher's trajectory.</param>
public sealed record ScheduleRequest(
    string Method, int Steps, ScheduleSetting Setting, MaterialOptions Materials, PlacementOptions Shape,
    string? Preset = null, string? Respacing = null, bool BoundAlone = false, double Start = 1, TeacherDistance Distance = TeacherDistance.L2);

/// <summary>A schedule that was asked for.</summary>
/// <param name="Calls">Network calls spent on finding it.</param>
/// <param name="Selection">How it was chosen by FID, or null.</param>
public sealed record FoundSchedule(SamplingSchedule Schedule, long Calls, SelectionResult? Selection);
