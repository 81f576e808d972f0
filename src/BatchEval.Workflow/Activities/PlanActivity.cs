using BatchEval.Workflow.Runs;

namespace BatchEval.Workflow.Activities;

/// <summary>Turns a run's state into the next round's candidates and units.</summary>
public sealed class PlanActivity(RunStore store, ModelHost models)
{
    /// <summary>Runs the activity; doing it again changes nothing.</summary>
    public async Task<RoundOutline> RunAsync(RoundInput input, CancellationToken cancellation = default)
    {
        var name = BlobNames.Plan(input.RunId, input.Round);
        var plan = await store.ReadJsonAsync<UnitPlan>(name, cancellation);
        if (plan is null)
        {
            var context = await RunContext.LoadAsync(store, models, input.RunId, cancellation);
            var state = await store.RequireJsonAsync<RunState>(BlobNames.State(input.RunId, input.Round), cancellation);
            var round = context.Machine.Next(state) ?? throw new InvalidOperationException($"Run '{input.RunId}' has no round {input.Round}: it is done.");
            plan = UnitPlanner.Cut(round, context.Specification, context.Shards, context.Entries.Reference());
            await store.WriteJsonOnceAsync(name, plan, cancellation);
        }

        return new RoundOutline(plan.Units.Count, plan.Plan.Stage.Words(), plan.Plan.Generation, plan.Plan.SampleSteps);
    }
}
