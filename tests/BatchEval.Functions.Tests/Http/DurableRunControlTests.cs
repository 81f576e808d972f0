using BatchEval.Functions.Http;
using BatchEval.Functions.Orchestration;
using BatchEval.Functions.Tests.Runs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace BatchEval.Functions.Tests.Http;

public sealed class DurableRunControlTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Run = "made-0123abcd";
    private const string Instance = "eval-made-0123abcd";

    [Fact]
    public async Task Starting_many_times_at_once_starts_once()
    {
        using var bench = await Workbench.CreateAsync(azurite, "once");
        var (client, _) = (new FakeDurableClient(), 0);
        var control = new DurableRunControl(client, bench.Store, bench.Services);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => control.StartAsync(Run, default)));
        client.Calls.ShouldBe([$"schedule Search {Instance} {{\"runId\":\"{Run}\",\"round\":null,\"unitsInFlight\":3}}"]);
    }

    [Fact]
    public async Task Orders_become_durable_operations()
    {
        using var bench = await Workbench.CreateAsync(azurite, "durable");
        var client = new FakeDurableClient();
        var control = new DurableRunControl(client, bench.Store, bench.Services);
        await control.StartAsync(Run, default);
        await control.PauseAsync(Run, default);
        (await control.LookAsync(Run, default)).ShouldBe(new BatchEval.Http.Control.RunLife("paused", 2, 5));
        await control.ResumeAsync(Run, default);
        await control.StopAsync(Run, default);
        await control.PauseAsync(Run, default);
        await control.StopAsync(Run, default);
        (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(Run))).State.ShouldBe("stopped");
        await control.StartAsync(Run, default);
        await control.ForgetAsync(Run, default);
        client.Calls.Select(c => c.Split(' ')[0]).ShouldBe(["schedule", "suspend", "resume", "raise", "suspend", "terminate", "schedule", "terminate", "purge"]);
    }

    [Fact]
    public async Task A_lost_hub_loses_no_run()
    {
        using var bench = await Workbench.CreateAsync(azurite, "lost");
        var client = new FakeDurableClient();
        await new DurableRunControl(client, bench.Store, bench.Services).ResumeAsync(Run, default);
        client.Instances[Instance].ShouldBe(OrchestrationRuntimeStatus.Running);
    }

    [Theory]
    [InlineData(typeof(Core.Json.ProblemException), false)]
    [InlineData(typeof(ArgumentException), false)]
    [InlineData(typeof(InvalidOperationException), false)]
    [InlineData(typeof(ObjectDisposedException), true)]
    [InlineData(typeof(IOException), true)]
    [InlineData(typeof(TimeoutException), true)]
    [InlineData(typeof(Azure.RequestFailedException), true)]
    public void Only_what_may_pass_is_tried_again(Type error, bool again) =>
        RetryRules.MayPass(new TaskFailureDetails(error.FullName!, "words", null, null, null)).ShouldBe(again);
}
