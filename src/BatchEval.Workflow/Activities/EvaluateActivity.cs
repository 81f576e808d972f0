using BatchEval.Onnx.Runtime;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Telemetry;

namespace BatchEval.Workflow.Activities;

/// <summary>Computes one unit, unless it exists or another process does.</summary>
public sealed class EvaluateActivity(RunStore store, ModelHost models, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Runs the activity; shards that exist are left as they are, and a unit that another process computes is left to it.</summary>
    /// <exception cref="NetworkFailedException">The machine could not compute some of the shards; those that it could are stored.</exception>
    public async Task<UnitOutcome> RunAsync(UnitInput input, CancellationToken cancellation = default)
    {
        using var trace = WorkflowTelemetry.Traces.StartActivity("evaluate")?.SetTag("run", input.RunId).SetTag("round", input.Round).SetTag("unit", input.Unit);
        var plan = await store.RequireJsonAsync<UnitPlan>(BlobNames.Plan(input.RunId, input.Round), cancellation);
        var shards = plan.Units[input.Unit].Shards;
        for (var began = time.GetTimestamp(); ;)
        {
            if ((await new ShardFiles(store).GapsAsync(shards, cancellation)).Count == 0)
            {
                WorkflowTelemetry.UnitsDone.Add(1, new KeyValuePair<string, object?>("computed", false));
                return new UnitOutcome(0, shards.Count, 0);
            }

            if (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(input.RunId), cancellation) is { } status && RunStates.ForbidsWork(status.State))
            {
                return new UnitOutcome(0, 0, 0, Stopped: true);
            }

            var (claim, other) = await store.TryClaimAsync(WorkOf(shards), input.RunId, cancellation);
            if (claim is not null)
            {
                await using (claim)
                {
                    return await ComputeAsync(input.RunId, shards, cancellation);
                }
            }

            if (!input.Patient || time.GetElapsedTime(began) > Patience)
            {
                return new UnitOutcome(0, 0, 0, ClaimedBy: other!.Name);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
        }
    }

    private static string WorkOf(IReadOnlyList<Shard> shards) => Digest.Of(string.Join(' ', shards.Select(c => c.Key)));

    private async Task<UnitOutcome> ComputeAsync(string runId, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        // The evaluator looks again: whoever held the claim before may have written some.
        await ModelRecord.RequireDeviceAsync(store, runId, models.Device.Device, cancellation);
        var context = await RunContext.LoadAsync(store, models, runId, cancellation);
        var model = await PromptedModels.OpenAsync(store, models, context.Package, context.Specification.Prompts, cancellation);
        var computed = await new Evaluator(model, context.Setting, store, time).ComputeAsync(shards, cancellation);
        if (computed.Shards > 0)
        {
            WorkflowTelemetry.UnitsDone.Add(1, new KeyValuePair<string, object?>("computed", true));
            await WorkRecord.CountAsync(store, runId, time, cancellation);
        }

        return new UnitOutcome(computed.Shards, shards.Count - computed.Shards, computed.Evaluations);
    }
}
