using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Telemetry;

namespace BatchEval.Workflow.Activities;

/// <summary>Scores a finished round, writes the next state, and after the last round the result.</summary>
public sealed class AdvanceActivity(RunStore store, ModelHost models, TimeProvider time)
{
    /// <summary>Runs the activity; doing it again changes nothing.</summary>
    public async Task<RunPosition> RunAsync(RoundInput input, CancellationToken cancellation = default)
    {
        var context = await RunContext.LoadAsync(store, models, input.RunId, cancellation);
        var state = await store.RequireJsonAsync<RunState>(BlobNames.State(input.RunId, input.Round), cancellation);
        var plan = await store.RequireJsonAsync<UnitPlan>(BlobNames.Plan(input.RunId, input.Round), cancellation);
        var scores = await ScoreAsync(context, plan, cancellation);
        await store.WriteJsonOnceAsync(BlobNames.Scores(input.RunId, input.Round), scores, cancellation);
        var samples = plan.Plan.Assignments.Count == 0 ? 0 : plan.Plan.Assignments[0].Range.Count;
        var next = context.Machine.Observe(state, [.. scores.Scores.Select(s => CandidateScorer.ToSearch(s, samples))]);
        if (state.Stage == RunStage.Final)
        {
            await new RunPublisher(store).PublishAsync(context, models.Open(context.Package), next, plan, scores, cancellation);
        }

        // The state is the commit, so it comes last: after a crash in between the round is advanced again.
        await RunStatusFile.UpdateAsync(store, context, next, time, cancellation);
        await store.WriteJsonOnceAsync(BlobNames.State(input.RunId, input.Round + 1), next, cancellation);
        return new RunPosition(next.Round, next.Stage == RunStage.Done);
    }

    private async Task<RoundScores> ScoreAsync(RunContext context, UnitPlan plan, CancellationToken cancellation)
    {
        var (model, final) = (models.Open(context.Package), plan.Plan.Stage == RunStage.Final);
        var scorer = new CandidateScorer(model, context.Metrics, context.Costs, context.Specification.Conditions.IsGuided);
        var (inputs, counts, counted) = (new List<IReadOnlyList<ShardResult>>(), EvaluationCounts.None, new HashSet<string>(StringComparer.Ordinal));
        foreach (var shards in plan.ShardsOfAssignments())
        {
            inputs.Add(await ReadAsync(context, model, plan.Plan.Stage, shards, cancellation));
            counts = inputs[^1].Where(r => counted.Add(r.Key)).Aggregate(counts, (sum, result) => sum + Count(result, context.RunId));
        }

        if (plan.Plan.Stage == RunStage.Reference)
        {
            inputs.ForEach(RequireReference);
            inputs.Clear();
        }

        var scored = inputs.SkipLast(plan.Plan.Controls).ToList();
        var control = ControlOf([.. inputs.Skip(scored.Count)]);
        var scores = new List<CandidateScore>();
        foreach (var (assignment, results) in plan.Plan.Assignments.Zip(scored))
        {
            scores.Add(scorer.Score(assignment.Entry, results, final, control));
            WorkflowTelemetry.CandidateCost.Record(results.Sum(r => r.ComputedBy == context.RunId ? r.Milliseconds : 0) / 1000);
        }

        return new RoundScores(plan.Plan.Round, plan.Plan.Stage, scores, counts) { Generation = plan.Plan.Generation, Rung = plan.Plan.Rung, Parents = plan.Plan.Parents, Validates = Validates(plan.Plan) };
    }

    private static bool? Validates(RoundPlan plan) =>
        plan is { Stage: RunStage.Search or RunStage.RandomSearch or RunStage.Rivals, Assignments: [{ Range.Start: SampleRange.ValidationStart }, ..] } ? true : null;

    // Nothing of the unaccelerated sampler is scored, so that its features are not needed.
    private Task<IReadOnlyList<ShardResult>> ReadAsync(RunContext context, OpenedModel model, RunStage stage, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        IReadOnlyList<Metric> metrics = stage switch
        {
            RunStage.Reference => [],
            RunStage.Final => context.Metrics.All,
            _ => [context.Metrics.Objective],
        };
        return new Evaluator(model, context.Setting, store, time).ReadAsync(shards, metrics, cancellation);
    }

    // A control that could not be computed is none: the others are then scored by their own samples alone.
    private static ControlledMoments? ControlOf(List<IReadOnlyList<ShardResult>> inputs) =>
        inputs.Count == 2 && inputs.TrueForAll(i => i.All(r => r.Features is not null)) ? CandidateScorer.Control(inputs[0], inputs[1]) : null;

    private static void RequireReference(IReadOnlyList<ShardResult> results)
    {
        if (results.FirstOrDefault(r => r.Failure is not null)?.Failure is { } failure)
        {
            throw new InvalidOperationException($"The unaccelerated sampler failed, so nothing can be compared with it: {failure}");
        }
    }

    private static EvaluationCounts Count(ShardResult result, string runId)
    {
        var own = result.ComputedBy == runId;
        return new EvaluationCounts(own ? 1 : 0, own ? 0 : 1, result.Range.Count, result.NetworkCalls.Sum(c => (long)c), own ? result.Milliseconds : 0);
    }
}
