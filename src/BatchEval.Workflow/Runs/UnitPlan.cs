using BatchEval.Workflow.Cells;

namespace BatchEval.Workflow.Runs;

/// <summary>A round's <c>plan.json</c>.</summary>
/// <param name="Plan">What the round computes and scores.</param>
/// <param name="Units">The same work, cut into units.</param>
/// <param name="Assignments">For each assignment of the plan, the keys of its cells in sample order.</param>
public sealed record UnitPlan(RoundPlan Plan, IReadOnlyList<WorkUnit> Units, IReadOnlyList<IReadOnlyList<string>> Assignments)
{
    /// <summary>The cells of each assignment.</summary>
    public IReadOnlyList<IReadOnlyList<Cell>> CellsOfAssignments()
    {
        var cells = Units.SelectMany(u => u.Cells).ToDictionary(c => c.Key);
        return [.. Assignments.Select(keys => (IReadOnlyList<Cell>)[.. keys.Select(key => cells[key])])];
    }
}
