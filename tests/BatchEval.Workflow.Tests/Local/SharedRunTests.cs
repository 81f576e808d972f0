using System.Collections.Concurrent;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>The same run started twice at once was computed twice, silently.</summary>
public sealed class SharedRunTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Two_runners_of_one_run_share_its_units_and_say_who_works()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var written = new Written();
        var options = new BlobClientOptions();
        options.AddPolicy(written, HttpPipelinePosition.PerCall);
        var watched = new RunStore(new BlobContainerClient(azurite.ConnectionString, BlobNames.Container, options));
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, ["seed=71", "execution.unitEvaluations=40", "baselines=[\"trailing\"]"]));
        var (run, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification);
        var (first, second) = (new Notes(), new Notes());
        await Task.WhenAll(
            new LocalRunner(watched, models, 1, TimeProvider.System, first).RunAsync(run),
            new LocalRunner(watched, models, 1, TimeProvider.System, second).RunAsync(run));
        // Nothing was computed twice: each result was written, or tried to be, by one of them.
        written.Results.Count.ShouldBeGreaterThan(10);
        written.Results.Values.ShouldAllBe(times => times == 1);
        // Whoever finds a unit claimed learns by whom, and goes on with others.
        first.Others.Concat(second.Others).ShouldNotBeEmpty();
        first.Others.Concat(second.Others).ShouldAllBe(name => name == ClaimHolder.Here(run).Name);
        (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).State.ShouldBe(RunStates.Finished);
        (await store.ListAsync(BlobNames.ClaimRoot)).ShouldBeEmpty();
    }

    // Between two units a process held no claim, and its run could be "paused" or deleted under it.
    [Fact]
    public async Task A_process_takes_part_in_its_run_from_the_first_step_to_the_last()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, ["seed=72", "baselines=[\"trailing\"]"]));
        var (run, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification);
        var running = new LocalRunner(store, models, 1, TimeProvider.System).RunAsync(run);
        var (seen, others) = (0, 0);
        while (!running.IsCompleted)
        {
            var present = await store.ListAsync(BlobNames.Present(run, string.Empty));
            (seen, others) = (seen + (present.Count > 0 ? 1 : 0), others + (await store.OthersAsync(run)).Count);
            if (seen > 0)
            {
                (present.Count > 0 || running.IsCompleted || (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).State == RunStates.Finished).ShouldBeTrue();
            }
        }

        await running;
        (seen > 3, others).ShouldBe((true, 0), "one's own process is no other");
        (await store.ListAsync(BlobNames.Present(run, string.Empty))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_claim_is_one_persons_until_it_is_given_back_and_a_dead_holders_is_taken_over_at_once()
    {
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var (claim, _) = await store.TryClaimAsync("work", "run");
        claim.ShouldNotBeNull();
        var (none, other) = await store.TryClaimAsync("work", "run");
        (none, other?.Name).ShouldBe((null, ClaimHolder.Here("run").Name));
        await claim.DisposeAsync();
        var (again, _) = await store.TryClaimAsync("work", "run");
        await again.ShouldNotBeNull().DisposeAsync();

        // A process of this machine that no longer lives, and one of another machine.
        await LeaveAsync("dead", ClaimHolder.Here("run") with { Process = int.MaxValue });
        await LeaveAsync("far", ClaimHolder.Here("run") with { Machine = "elsewhere" });
        // Of another container or machine that has the same name.
        await LeaveAsync("namesake", ClaimHolder.Here("run") with { Process = int.MaxValue, Boot = "another" });
        (await store.TryClaimAsync("namesake", "run")).Claim.ShouldBeNull();
        var (taken, _) = await store.TryClaimAsync("dead", "run");
        await taken.ShouldNotBeNull().DisposeAsync();
        var (refused, far) = await store.TryClaimAsync("far", "run");
        (refused, far?.Machine).ShouldBe((null, "elsewhere"));
        (await store.OthersAsync("run")).Select(o => o.Machine).ShouldBe(["elsewhere", Environment.MachineName], ignoreOrder: true);
    }

    private async Task LeaveAsync(string work, ClaimHolder holder)
    {
        var blob = new Azure.Storage.Blobs.BlobContainerClient(azurite.ConnectionString, BlobNames.Container).GetBlobClient(BlobNames.Claim(work));
        await blob.UploadAsync(new BinaryData(Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(holder, Workflow.Serialization.WorkflowJson.Options))));
        await new Azure.Storage.Blobs.Specialized.BlobLeaseClient(blob).AcquireAsync(TimeSpan.FromSeconds(15));
    }

    /// <summary>How often each result was sent to the storage.</summary>
    private sealed class Written : HttpPipelineSynchronousPolicy
    {
        public ConcurrentDictionary<string, int> Results { get; } = new();

        public override void OnSendingRequest(HttpMessage message)
        {
            var path = message.Request.Uri.ToUri().AbsolutePath;
            if (message.Request.Method == RequestMethod.Put && path.EndsWith("/result.json", StringComparison.Ordinal))
            {
                Results.AddOrUpdate(path, 1, (_, times) => times + 1);
            }
        }
    }

    private sealed class Notes : IProgress<RoundProgress>
    {
        public ConcurrentQueue<string> Others { get; } = [];

        public void Report(RoundProgress value)
        {
            if (value.Elsewhere is { } other)
            {
                Others.Enqueue(other);
            }
        }
    }
}
