using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Schedules;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Schedules;

/// <summary>A schedule that a run scores.</summary>
/// <param name="Name">Method and variant.</param>
/// <param name="Times">The model's times.</param>
public sealed record ProposedSchedule(string Name, IReadOnlyList<double> Times);

/// <summary>
/// What a schedule method proposes in a run: computed once when the run is prepared, stored, and scored and chosen by the same rounds as
/// any search.
/// </summary>
/// <param name="Method">The method.</param>
/// <param name="NetworkCalls">Network calls spent on computing the proposals.</param>
/// <param name="Schedules">The proposals, no two alike.</param>
public sealed record ScheduleProposals(string Method, long NetworkCalls, IReadOnlyList<ProposedSchedule> Schedules)
{
    /// <summary>Methods that a run specification can name.</summary>
    public static IReadOnlyList<string> Methods { get; } = [.. ScheduleMethods.Computed, ScheduleMethods.Dmn];

    /// <summary>The proposals as candidates.</summary>
    public IReadOnlyList<Candidate> Candidates(string solver) => [.. Schedules.Select(s => Candidate.At(solver, s.Times))];

    /// <summary>Computes the proposals of a run: the whole family and every heuristic for <c>klub-dp</c>, the method's own variants otherwise.</summary>
    /// <param name="model">The opened model.</param>
    /// <param name="specification">The run's specification.</param>
    /// <param name="steps">Steps that the budget buys.</param>
    /// <param name="parallel">Network calls side by side; changes no result.</param>
    /// <param name="cancellation">Checked between network calls.</param>
    public static ScheduleProposals Compute(OpenedModel model, RunSpecification specification, int steps, int parallel, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(specification);
        var method = specification.Search.Method;
        var setting = new ScheduleSetting(specification.Solver, specification.Conditions, specification.Seed, parallel);
        var (schedules, calls) = method is ScheduleMethods.KlubDp or ScheduleMethods.Gits or ScheduleMethods.ScoreOptimal
            ? FamilyOf(model, setting, specification.Search, steps, cancellation)
            : Single(model, setting, method, steps, cancellation);
        var schedule = model.Sampling.Manifest.Schedule;
        return new ScheduleProposals(method, calls, [.. schedules
            .Select(s => new ProposedSchedule(s.Name, ModelTimes.Of(schedule, s.Calls)))
            .DistinctBy(s => string.Join(' ', s.Times))]);
    }

    private static (IEnumerable<NamedSchedule> Schedules, long Calls) FamilyOf(
        OpenedModel model, ScheduleSetting setting, SearchSpecification search, int steps, CancellationToken cancellation)
    {
        var method = search.Method;
        var dataFree = model.Sampling.Manifest.Data is null && !ScheduleMethods.NeedsData(method);
        var materials = new ScheduleMaterials(model.Sampling, setting, new MaterialOptions(dataFree), needsTable: !dataFree, cancellation);
        var members = materials.Family(setting.Order).Members(steps, method == ScheduleMethods.Gits ? [search.Distance] : null);
        var pool = new HeuristicPool(model.Sampling.Manifest.Schedule);
        return (method == ScheduleMethods.KlubDp ? [.. members, .. pool.All(steps)] : members.Where(m => m.Method == method), materials.Calls);
    }

    private static (IEnumerable<NamedSchedule> Schedules, long Calls) Single(
        OpenedModel model, ScheduleSetting setting, string method, int steps, CancellationToken cancellation)
    {
        var found = new ScheduleFinder(model).Find(new ScheduleRequest(method, steps, setting, new MaterialOptions(), HeuristicOptions.Default), cancellation);
        return ([found.Schedule], found.Calls);
    }
}
