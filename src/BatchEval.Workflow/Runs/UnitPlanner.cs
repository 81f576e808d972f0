using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>Cuts a round's work into shards and units.</summary>
public static class UnitPlanner
{
    /// <summary>Cuts a round.</summary>
    /// <param name="context">What all shards of the run have in common.</param>
    /// <param name="reference">The unaccelerated sampler, whose shards paired ones are compared with.</param>
    public static UnitPlan Cut(RoundPlan plan, RunSpecification specification, ShardContext context, Entry reference)
    {
        var assigned = plan.Assignments.Select(a => ShardsOf(a, specification, context, reference)).ToList();
        return new UnitPlan(
            plan, WorkUnit.Pack(assigned.SelectMany(c => c), specification.Execution.UnitEvaluations), [.. assigned.Select(list => (IReadOnlyList<string>)[.. list.Select(c => c.Key)])]);
    }

    private static List<Shard> ShardsOf(Assignment assignment, RunSpecification specification, ShardContext context, Entry reference)
    {
        // Where a shorter score of the same candidate, or the samples with a reference, may end.
        int[] cuts = assignment.Range.Start >= SampleRange.FinalStart ? [specification.Reference.Samples] : [.. specification.Search.Evolution.Rungs];
        return [.. assignment.Range.Split(cuts, specification.Execution.CellSamples).Select(Create)];

        Shard Create(SampleRange range)
        {
            var paired = range.Start + range.Count <= assignment.Range.Start + assignment.PairedSamples;
            var comparedWith = paired ? Shard.Create(context, reference.Candidate, range).Key : null;
            return Shard.Create(context, assignment.Entry.Candidate, range, assignment.KeepImages, comparedWith);
        }
    }
}
