using BatchEval.Core.Json;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>A process on the processor that joined a run begun on CUDA stored its images under the keys of CUDA.</summary>
public sealed class OtherDeviceTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_run_goes_on_only_on_the_kind_of_device_that_it_began_on_and_keeps_its_keys()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, ["seed=81"]));
        var (run, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification);
        await new PrepareActivity(store, models, TimeProvider.System).RunAsync(new PrepareInput(run));
        var record = await store.RequireJsonAsync<ModelRecord>(BlobNames.Model(run));
        record.Device.ShouldBe("cpu");
        await ModelRecord.RequireDeviceAsync(store, run, "cpu");

        await store.ChangeJsonAsync<ModelRecord>(BlobNames.Model(run), r => r! with { Device = "cuda" });
        // Whoever plans writes the keys of the run's own device, and nobody else computes.
        (await RunContext.LoadAsync(store, models, run, default)).Shards.Device.ShouldBe("cuda");
        await new PlanActivity(store, models).RunAsync(new RoundInput(run, 0));
        var refused = await Should.ThrowAsync<ProblemException>(() => new LocalRunner(store, models, 1, TimeProvider.System).RunAsync(run));
        refused.Message.ShouldBe($"Run '{run}' began on cuda and cannot go on on cpu: use --device cuda, or start it under another name (--set name=...).");
        await Should.ThrowAsync<ProblemException>(() => new EvaluateActivity(store, models, TimeProvider.System).RunAsync(new UnitInput(run, 0, 0)));
        (await store.ListAsync(BlobNames.ShardRoot)).ShouldBeEmpty();

        // Runs of earlier versions do not say.
        await store.ChangeJsonAsync<ModelRecord>(BlobNames.Model(run), r => r! with { Device = null });
        await ModelRecord.RequireDeviceAsync(store, run, "cuda:1");
    }
}
