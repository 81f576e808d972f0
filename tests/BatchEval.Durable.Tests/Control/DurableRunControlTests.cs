using BatchEval.Durable.Control;
using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Tests.Engine;
using BatchEval.Durable.Tests.Runs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Microsoft.DurableTask;

namespace BatchEval.Durable.Tests.Control;

public sealed class DurableRunControlTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Starting_many_times_at_once_and_again_while_it_runs_starts_once()
    {
        using var bench = await Workbench.CreateAsync(azurite, "once");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=51"]));
        var control = new DurableRunControl(engine.Client, bench.Store, 1, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => control.StartAsync(run, default)));
        var arrived = gates.Hold(ActivityNames.Advance);
        await arrived;
        await control.StartAsync(run, default);
        gates.Release(ActivityNames.Advance);
        await engine.EndOfAsync(run);
        gates.Ended.Count(n => n == ActivityNames.Prepare).ShouldBe(1);
        (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Evaluations.Reused.ShouldBe(0);
    }

    [Fact]
    public async Task A_lost_hub_loses_no_run()
    {
        using var bench = await Workbench.CreateAsync(azurite, "lost");
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=52"]));
        await RunStatusFile.MarkAsync(bench.Store, run, RunStates.Paused, null, TimeProvider.System);
        await using var engine = await InProcessEngine.StartAsync(bench.Activities);
        await new DurableRunControl(engine.Client, bench.Store, 1, TimeProvider.System).ResumeAsync(run, default);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
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
