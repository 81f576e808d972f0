using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Packages;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Schedules;

namespace BatchEval.Workflow.Runs;

/// <summary>What every activity needs to know about a run, read back from the store.</summary>
/// <param name="Costs">What its model costs, or null where that is unknown.</param>
public sealed record RunContext(
    string RunId, RunSpecification Specification, ModelPackage Package, RunMachine Machine, EntryFactory Entries, EvaluationSetting Setting, CostModel? Costs)
{
    /// <summary>What all its shards have in common.</summary>
    public ShardContext Shards { get; } = ShardContext.Of(Package.Digest, Setting.Seed, Setting.Conditions, Setting.Device, Setting.Prompts, Setting.Loop);

    public MeasuredMetrics Metrics { get; } = MeasuredMetrics.Of(Specification, Package.Manifest);

    /// <summary>The machine of a run of the same model and budget that searches otherwise.</summary>
    internal RunMachine MachineOf(RunSpecification other) => ReferenceEquals(other, Specification) ? Machine : new RunMachine(other, Package.Manifest.Schedule, Costs, own: Package.Manifest.OwnSampler);

    /// <summary>Reads a run's context. Its results are those of the device that it began on, wherever this process runs; who computes asks <see cref="ModelRecord.RequireDeviceAsync"/> first.</summary>
    /// <exception cref="InvalidOperationException">The run does not exist, or its model has changed since it began.</exception>
    public static async Task<RunContext> LoadAsync(RunStore store, ModelHost models, string runId, CancellationToken cancellation)
    {
        var specification = await StoredSpecification.ReadAsync(store, runId, cancellation);
        var package = models.Find(specification.Model);
        var model = await store.ReadJsonAsync<ModelRecord>(BlobNames.Model(runId), cancellation);
        if (model is not null && model.Digest != package.Digest)
        {
            throw new InvalidOperationException($"The model package '{specification.Model}' has changed since run '{runId}' began; start a new run for the changed model.");
        }

        var schedule = package.Manifest.Schedule;
        var costs = await store.ReadJsonAsync<CostModel>(BlobNames.Costs(runId), cancellation);
        var proposals = specification.Search.Method.IsSchedule()
            ? await store.ReadJsonAsync<ScheduleProposals>(BlobNames.Schedules(runId), cancellation)
            : null;
        Func<int, Candidate?> own = package.Manifest.OwnSampler;
        return new RunContext(
            runId, specification, package, new RunMachine(specification, schedule, costs, proposals, own), new EntryFactory(specification, schedule, costs, own),
            new EvaluationSetting(specification.Seed, specification.Conditions, model?.Device ?? models.Device.Kind) { BatchSize = specification.Execution.BatchSize, ComputedBy = runId, Prompts = specification.Prompts, Loop = specification.SamplingLoop }, costs);
    }
}
