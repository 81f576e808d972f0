using BatchEval.Workflow.Cells;

namespace BatchEval.Workflow.Runs;

/// <summary>A round's <c>plan.json</c>.</summary>
/// <param name="Plan">What the round computes and scores.</param>
/// <param name="Units">The same work, cut into units.</param>
/// <param name="Assignments">For each assignment of the plan, the keys of its cells in sample order.</param>
public sealed record UnitPlan(RoundPlan Plan, IReadOnlyList<WorkUnit> Units, IReadOnlyList<IReadOnlyList<string>> Assignments);

/// <summary>The work of one activity.</summary>
/// <param name="Cells">Cells to compute, unless they exist.</param>
public sealed record WorkUnit(IReadOnlyList<Cell> Cells);
