using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Schedules;

namespace BatchEval.Workflow.Activities;

/// <summary>Resolves the model, writes a run's fixed inputs, and finds the round to go on with.</summary>
public sealed class PrepareActivity(RunStore store, ModelHost models, TimeProvider time)
{
    /// <summary>Runs the activity; doing it again changes nothing.</summary>
    public async Task<RunPosition> RunAsync(PrepareInput input, CancellationToken cancellation = default)
    {
        await using var claim = await ClaimAsync(input.RunId, cancellation);
        await ModelRecord.RequireDeviceAsync(store, input.RunId, models.Device.Device, cancellation);
        await RecordModelAsync(input.RunId, cancellation);
        await ModelCosts.EnsureAsync(store, models, input.RunId, cancellation);
        var context = await RunContext.LoadAsync(store, models, input.RunId, cancellation);
        var opened = await PromptedModels.OpenAsync(store, models, context.Package, context.Specification.Prompts, cancellation);
        context.Specification.Conditions.Check(opened.Sampling.Manifest);
        context = await ProposeAsync(context, opened, cancellation);
        await RunForecast.StoreAsync(store, context, cancellation);
        await store.WriteJsonOnceAsync(BlobNames.State(input.RunId, 0), context.Machine.Begin(), cancellation);
        return await FindPositionAsync(context, cancellation);
    }

    // Costs and proposals may take minutes; whoever comes second waits for them. An unanswered claim only costs the work once more.
    private async Task<Claim> ClaimAsync(string runId, CancellationToken cancellation)
    {
        while (true)
        {
            if ((await store.TryClaimAsync($"prepare-{runId}", runId, cancellation)).Claim is { } claim)
            {
                return claim;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300), time, cancellation);
        }
    }

    // A schedule method's proposals need the network, so they are computed before the first round and never again.
    private async Task<RunContext> ProposeAsync(RunContext context, OpenedModel opened, CancellationToken cancellation)
    {
        if (!context.Specification.Search.Method.IsSchedule())
        {
            return context;
        }

        var name = BlobNames.Schedules(context.RunId);
        if (!await store.ExistsAsync(name, cancellation))
        {
            var parallel = models.Device.Kind == "cpu" ? Environment.ProcessorCount : 1;
            var proposals = await ScheduleProposals.ComputeAsync(opened, context.Specification, context.Entries.Steps, parallel, cancellation);
            await store.WriteJsonOnceAsync(name, proposals, cancellation);
        }

        return await RunContext.LoadAsync(store, models, context.RunId, cancellation);
    }

    // Before anything is measured: costs and proposals belong to the device.
    private async Task RecordModelAsync(string runId, CancellationToken cancellation)
    {
        var package = models.Find((await StoredSpecification.ReadAsync(store, runId, cancellation)).Model);
        var features = package.Manifest.Features is { } f ? $"{f.File} {f.Output} [{f.Dimensions}], uint8, {f.Preprocessing}" : null;
        var record = new ModelRecord(package.Manifest.Name, package.Digest, package.Manifest.Description, package.Manifest.Provenance, features, models.Device.Kind);
        await store.WriteJsonOnceAsync(BlobNames.Model(runId), record, cancellation);
    }

    private async Task<RunPosition> FindPositionAsync(RunContext context, CancellationToken cancellation)
    {
        var round = 0;
        while (await store.ExistsAsync(BlobNames.State(context.RunId, round + 1), cancellation))
        {
            round++;
        }

        var state = await store.RequireJsonAsync<RunState>(BlobNames.State(context.RunId, round), cancellation);
        if (state.Stage == RunStage.Done)
        {
            // Whoever started the run again has marked it as begun.
            await RunStatusFile.UpdateAsync(store, context, state, time, cancellation);
        }

        return new RunPosition(round, state.Stage == RunStage.Done);
    }
}
