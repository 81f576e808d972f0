using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Runs;

/// <summary>Cuts a round's work into cells and units.</summary>
public static class UnitPlanner
{
    /// <summary>Cuts a round.</summary>
    /// <param name="plan">What the round computes.</param>
    /// <param name="specification">The run's specification.</param>
    /// <param name="context">What all cells of the run have in common.</param>
    /// <param name="reference">The unaccelerated sampler, whose cells paired ones are compared with.</param>
    public static UnitPlan Cut(RoundPlan plan, RunSpecification specification, CellContext context, Contestant reference)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(reference);
        var assigned = plan.Assignments.Select(a => CellsOf(a, specification, context, reference)).ToList();
        return new UnitPlan(
            plan, WorkUnit.Pack(assigned.SelectMany(c => c), specification.Execution.UnitEvaluations), [.. assigned.Select(list => (IReadOnlyList<string>)[.. list.Select(c => c.Key)])]);
    }

    private static List<Cell> CellsOf(Assignment assignment, RunSpecification specification, CellContext context, Contestant reference)
    {
        // Where a shorter score of the same candidate, or the samples with a reference, may end.
        int[] cuts = assignment.Range.Start >= SampleRange.FinalStart ? [specification.Reference.Samples] : [.. specification.Search.Evolution.Rungs];
        return [.. assignment.Range.Split(cuts, specification.Execution.CellSamples).Select(Create)];

        Cell Create(SampleRange range)
        {
            var paired = range.Start + range.Count <= assignment.Range.Start + assignment.PairedSamples;
            var comparedWith = paired ? Cell.Create(context, reference.Candidate, range).Key : null;
            return Cell.Create(context, assignment.Contestant.Candidate, range, assignment.KeepImages, comparedWith);
        }
    }
}
