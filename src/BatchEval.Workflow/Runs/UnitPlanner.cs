using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Scoring;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Runs;

/// <summary>Cuts a round's work into cells, and packs cells into units so that candidates with a common beginning share a unit.</summary>
public static class UnitPlanner
{
    /// <summary>Cuts a round.</summary>
    /// <param name="plan">What the round computes.</param>
    /// <param name="specification">The run's specification.</param>
    /// <param name="context">What all cells of the run have in common.</param>
    /// <param name="reference">The unaccelerated sampler, whose cells paired ones are compared with.</param>
    /// <param name="metrics">What is measured; null for what every cell holds.</param>
    public static UnitPlan Cut(RoundPlan plan, RunSpecification specification, CellContext context, Contestant reference, MeasuredMetrics? metrics = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(reference);
        int[] cuts = [.. specification.Search.Evolution.Rungs, specification.Reference.Samples];
        var assigned = plan.Assignments.Select(a => CellsOf(a, cuts, specification.Execution.CellSamples, context, reference, metrics?.Extras(plan.Stage == RunStage.Final))).ToList();
        var cells = assigned.SelectMany(c => c).DistinctBy(c => c.Key)
            .OrderBy(c => c.Range.Start).ThenBy(Beginning, StringComparer.Ordinal).ThenBy(c => c.Candidate.Id, StringComparer.Ordinal);
        return new UnitPlan(plan, Pack(cells, specification.Execution.UnitEvaluations), [.. assigned.Select(list => (IReadOnlyList<string>)[.. list.Select(c => c.Key)])]);
    }

    private static List<Cell> CellsOf(Assignment assignment, int[] cuts, int longest, CellContext context, Contestant reference, IReadOnlyList<string>? extras)
    {
        return [.. assignment.Range.Split(cuts, longest).Select(Create)];

        Cell Create(SampleRange range)
        {
            var paired = range.Start + range.Count <= assignment.Range.Start + assignment.PairedSamples;
            var comparedWith = paired ? Cell.Create(context, reference.Candidate, range, keepImages: true).Key : null;
            return Cell.Create(context, assignment.Contestant.Candidate, range, assignment.KeepImages, comparedWith, assignment.Contestant.Role == ContestantRole.Reference ? null : extras);
        }
    }

    private static List<WorkUnit> Pack(IEnumerable<Cell> cells, int evaluations)
    {
        var units = new List<WorkUnit>();
        var open = new List<Cell>();
        foreach (var cell in cells)
        {
            if (open.Count > 0 && open.Sum(c => c.NetworkCalls) + cell.NetworkCalls > evaluations)
            {
                units.Add(new WorkUnit([.. open]));
                open.Clear();
            }

            open.Add(cell);
        }

        return open.Count == 0 ? units : [.. units, new WorkUnit([.. open])];
    }

    private static string Beginning(Cell cell) =>
        string.Join(' ', cell.Candidate.Steps.Select(s => $"{s.Time:0000000.000000}:{string.Join('.', s.Drop)}"));
}
