using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>A round's <c>plan.json</c>.</summary>
/// <param name="Plan">What the round computes and scores.</param>
/// <param name="Units">The same work, cut into units.</param>
/// <param name="Assignments">For each assignment of the plan, the keys of its shards in sample order.</param>
public sealed record UnitPlan(RoundPlan Plan, IReadOnlyList<WorkUnit> Units, IReadOnlyList<IReadOnlyList<string>> Assignments)
{
    public IReadOnlyList<IReadOnlyList<Shard>> ShardsOfAssignments()
    {
        var shards = Units.SelectMany(u => u.Shards).ToDictionary(c => c.Key);
        return [.. Assignments.Select(keys => (IReadOnlyList<Shard>)[.. keys.Select(key => shards[key])])];
    }
}
