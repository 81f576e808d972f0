using BatchEval.Durable.Control;
using BatchEval.Durable.Hubs;
using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Serialization;
using BatchEval.Durable.Tests.Engine;
using BatchEval.Durable.Tests.Runs;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using DurableTask.Core.History;
using Microsoft.DurableTask.Client;

namespace BatchEval.Durable.Tests.Hubs;

/// <summary>Orders on DurableTask.AzureStorage over Azurite, with a worker in this process.</summary>
public sealed class HubTests(AzuriteAccountFixture azurite) : IClassFixture<AzuriteAccountFixture>
{
    [Fact]
    public async Task Start_pause_resume_stop_second_start_and_delete_leave_store_and_engine_agreed()
    {
        using var bench = await Workbench.CreateAsync(azurite, "orders");
        var storage = await StorageServices.OpenAsync(azurite.ConnectionString, default);
        var package = bench.Models.Find("digits");
        var hub = RunHub.Here("cpu", package.Manifest.Name, package.Digest);
        using var hold = new Hold();
        await using var worker = new WorkerHost(bench.Store, new DeviceOptions(), [package], 1, TimeProvider.System, hold.Pass);
        await worker.JoinAsync(storage, TimeSpan.FromSeconds(4), default);
        (await new WorkerRegistry(bench.Store, TimeProvider.System).AliveAsync(default)).ShouldHaveSingleItem().Id.ShouldBe(worker.Record.Id);
        await using var client = await HubClient.OpenAsync(storage, hub);
        var control = new DurableRunControl(client, bench.Store, 4, TimeProvider.System, patience: TimeSpan.FromMinutes(10));
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=61"]));

        var computed = hold.Next();
        await Task.WhenAll(control.StartAsync(run, default), control.StartAsync(run, default), control.StartAsync(run, default));
        await computed;
        await control.PauseAsync(run, default);
        var shards = await CellsAsync(bench);
        hold.Release();
        await UntilAsync(async () => await control.ProgressAsync(run, default) is { Paused: true });
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Paused, OrchestrationRuntimeStatus.Running, null));
        (await CellsAsync(bench)).ShouldBe(shards);

        computed = hold.Next();
        await control.ResumeAsync(run, default);
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Running, OrchestrationRuntimeStatus.Running, null));
        await computed;
        await control.StopAsync(run, default);
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Stopping, OrchestrationRuntimeStatus.Running, null));
        (await CellsAsync(bench)).ShouldBeGreaterThan(shards);
        shards = await CellsAsync(bench);
        hold.Release();
        await EndAsync(client, run);
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Stopped, OrchestrationRuntimeStatus.Completed, null));
        (await CellsAsync(bench)).ShouldBe(shards);
        // This round was paused, resumed and stopped; the last one below had four units in flight.
        await ReplaysAsync(hub, run);

        await control.StartAsync(run, default);
        (await EndAsync(client, run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Finished, OrchestrationRuntimeStatus.Completed, null));
        var counts = (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Evaluations;
        counts.Reused.ShouldBe(0);
        counts.Computed.ShouldBeGreaterThanOrEqualTo(await CellsAsync(bench));
        await ReplaysAsync(hub, run);

        (await control.ForgetAsync(run, default)).ShouldBeTrue();
        await bench.Store.DeleteRunAsync(run);
        (await client.GetInstanceAsync(SearchOrchestration.InstanceOf(run))).ShouldBeNull();
        (await bench.Store.ListAsync($"{run}/")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_failing_unit_and_a_worker_that_leaves_leave_store_and_engine_agreed()
    {
        using var bench = await Workbench.CreateAsync(azurite, "leaves");
        var storage = await StorageServices.OpenAsync(azurite.ConnectionString, default);
        var package = bench.Models.Find("digits");
        using var hold = new Hold();
        var leaves = new WorkerHost(bench.Store, new DeviceOptions(), [package], 1, TimeProvider.System, hold.Pass);
        await leaves.JoinAsync(storage, TimeSpan.FromSeconds(4), default);
        await using var client = await HubClient.OpenAsync(storage, RunHub.Here("cpu", package.Manifest.Name, package.Digest));
        var control = new DurableRunControl(client, bench.Store, 4, TimeProvider.System, patience: TimeSpan.FromMinutes(10));
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=62"]));

        // A run of another version of the code is left alone by name.
        var newer = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=63"]));
        var foreign = RunHub.Here("cpu", package.Manifest.Name, package.Digest) with { CodeVersion = Shard.CodeVersion + 1 };
        await bench.Store.ChangeJsonAsync<RunHub>(BlobNames.Hub(newer), _ => foreign);
        (await new WorkerRegistry(bench.Store, TimeProvider.System).RefusedAsync(leaves.Record, default)).ShouldBe([(newer, foreign.Refusal(leaves.Record)!)]);

        // What the next unit needs is broken, so that it fails for good.
        var computed = hold.Next();
        await control.StartAsync(run, default);
        await computed;
        var specification = (await bench.Store.ReadAsync(BlobNames.Specification(run))).ShouldNotBeNull();
        await WriteAsync("leaves", BlobNames.Specification(run), "{}"u8.ToArray());
        hold.Release();
        await EndAsync(client, run);
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Failed, OrchestrationRuntimeStatus.Failed, RunStates.Failed));
        (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Error.ShouldNotBeNull().ShouldContain("cannot be used");

        await WriteAsync("leaves", BlobNames.Specification(run), specification);
        computed = hold.Next();
        await control.StartAsync(run, default);
        await computed;
        var leaving = leaves.DisposeAsync();
        hold.Release();
        await leaving;
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Running, OrchestrationRuntimeStatus.Running, null));
        (await new WorkerRegistry(bench.Store, TimeProvider.System).AliveAsync(default)).ShouldBeEmpty();

        await using var comes = new WorkerHost(bench.Store, new DeviceOptions(), [package], 1, TimeProvider.System, _ => { });
        await comes.JoinAsync(storage, TimeSpan.FromSeconds(4), default);
        (await EndAsync(client, run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
        (await StatesAsync(bench, client, control, run)).ShouldBe((RunStates.Finished, OrchestrationRuntimeStatus.Completed, null));
        (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Evaluations.Reused.ShouldBe(0);
        (await bench.StateAsync(newer)).ShouldBe(RunStates.Pending);
    }

    [Fact]
    public void Hubs_tell_versions_devices_and_models_apart_and_say_why()
    {
        var hub = RunHub.Here("cuda:1", "digits", new string('a', 64));
        var able = new WorkerRecord("w", Shard.CodeVersion, "cuda", [new WorkerModel("digits", hub.Digest)], default, default);
        hub.Refusal(able).ShouldBeNull();
        hub.Refusal(able with { CodeVersion = Shard.CodeVersion + 1 }).ShouldBe($"has version {Shard.CodeVersion + 1} of the code; the run needs version {Shard.CodeVersion}");
        hub.Refusal(able with { Device = "cpu" }).ShouldBe("computes on cpu; the run needs cuda");
        hub.Refusal(able with { Models = [] }).ShouldBe("does not have the model 'digits' (digest aaaaaaaaaaaa)");
        hub.Refusal(able with { Models = [new WorkerModel("digits", "b")] }).ShouldBe("has another version of the model 'digits'; the run needs the one with digest aaaaaaaaaaaa");
        hub.Name.ShouldBe($"batcheval{Shard.CodeVersion}cudaaaaaaaaaaaaaaaaa");
        (hub with { CodeVersion = 99 }).Name.ShouldNotBe(hub.Name);
        DurableJson.Read<RunHub>(DurableJson.Converter.Serialize(hub)!).ShouldBe(hub);
    }

    // The decisions of the orchestrator follow from the history alone: twice over the real one it decides what was decided. That the comparison
    // would tell, a history shows whose first activity had another name.
    private async Task ReplaysAsync(RunHub hub, string run)
    {
        var history = await Replay.HistoryAsync(azurite.ConnectionString, hub.Name, SearchOrchestration.InstanceOf(run));
        var recorded = Replay.Recorded(history);
        recorded.Count.ShouldBeGreaterThan(3);
        Replay.Decide(history).ShouldBe(recorded);
        Replay.Decide(history).ShouldBe(recorded);
        history.OfType<TaskScheduledEvent>().First().Name = "Other";
        Replay.Decide(history).ShouldNotBe(Replay.Recorded(history));
    }

    private Task WriteAsync(string container, string name, byte[] content) =>
        new Azure.Storage.Blobs.BlobContainerClient(azurite.ConnectionString, container).GetBlobClient(name).UploadAsync(new BinaryData(content), overwrite: true);

    private static async Task<int> CellsAsync(Workbench bench) =>
        (await bench.Store.ListAsync(BlobNames.ShardRoot)).Count(b => b.Name.EndsWith("result.json", StringComparison.Ordinal));

    private static async Task<OrchestrationMetadata> EndAsync(HubClient client, string run)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        return await client.WaitForInstanceCompletionAsync(SearchOrchestration.InstanceOf(run), true, timeout.Token);
    }

    private static async Task<(string?, OrchestrationRuntimeStatus?, string?)> StatesAsync(Workbench bench, HubClient client, DurableRunControl control, string run) =>
        (await bench.StateAsync(run), (await client.GetInstanceAsync(SearchOrchestration.InstanceOf(run)))?.RuntimeStatus, (await control.LookAsync(run, default))?.State);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 12_000 && !await condition(); i++)
        {
            await Task.Delay(50);
        }

        (await condition()).ShouldBeTrue();
    }

    /// <summary>Holds the worker in the unit whose results it reports, so that an order comes in the middle of a run however fast the machine is.</summary>
    private sealed class Hold : IDisposable
    {
        private readonly ManualResetEventSlim open = new(true);
        private TaskCompletionSource arrived = new();

        /// <summary>Holds the next unit.</summary>
        /// <returns>Completes when its results are in the store.</returns>
        public Task Next()
        {
            arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            open.Reset();
            return arrived.Task.WaitAsync(TimeSpan.FromMinutes(10));
        }

        public void Release() => open.Set();

        public void Pass(string line)
        {
            if (line.Contains("results computed", StringComparison.Ordinal))
            {
                arrived.TrySetResult();
                open.Wait();
            }
        }

        public void Dispose()
        {
            open.Set();
            open.Dispose();
        }
    }
}
