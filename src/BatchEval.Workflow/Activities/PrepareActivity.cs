using BatchEval.Onnx.Packages;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Activities;

/// <summary>Resolves the model, writes a run's fixed inputs, and finds the round to go on with.</summary>
/// <param name="store">The store.</param>
/// <param name="models">Model packages.</param>
public sealed class PrepareActivity(RunStore store, ModelHost models)
{
    /// <summary>Runs the activity; doing it again changes nothing.</summary>
    public async Task<RunPosition> RunAsync(PrepareInput input, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        await ModelCosts.EnsureAsync(store, models, input.RunId, cancellation);
        var context = await RunContext.LoadAsync(store, models, input.RunId, cancellation);
        var opened = models.Open(context.Package);
        context.Specification.Conditions.Check(opened.Sampling.Manifest);
        await store.WriteJsonOnceAsync(BlobNames.Model(input.RunId), Describe(context.Package), cancellation);
        await store.WriteJsonOnceAsync(BlobNames.State(input.RunId, 0), context.Machine.Begin(), cancellation);
        return await FindPositionAsync(input.RunId, cancellation);
    }

    private static ModelRecord Describe(ModelPackage package) => new(
        package.Manifest.Name, package.Digest, package.Manifest.Description, package.Manifest.Provenance,
        package.Manifest.Features is { } f ? $"{f.File} {f.Output} [{f.Dimensions}], uint8, {f.Preprocessing}" : null);

    private async Task<RunPosition> FindPositionAsync(string runId, CancellationToken cancellation)
    {
        var round = 0;
        while (await store.ExistsAsync(BlobNames.State(runId, round + 1), cancellation))
        {
            round++;
        }

        var state = await store.RequireJsonAsync<RunState>(BlobNames.State(runId, round), cancellation);
        return new RunPosition(round, state.Stage == RunStage.Done);
    }
}
