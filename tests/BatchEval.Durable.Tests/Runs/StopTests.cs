using BatchEval.Durable.Control;
using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Tests.Engine;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Microsoft.DurableTask.Client;

namespace BatchEval.Durable.Tests.Runs;

/// <summary>
/// A real orchestration ends only when no activity is in flight. Stopped in the middle it once went on: the abandoned step ran <c>Advance</c>
/// after the end had been recorded, and wrote "running" over "stopped".
/// </summary>
public sealed class StopTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData(ActivityNames.Prepare)]
    [InlineData(ActivityNames.Plan)]
    [InlineData(ActivityNames.Evaluate)]
    [InlineData(ActivityNames.Advance)]
    public async Task Stop_begins_nothing_more_whatever_is_in_flight_and_is_recorded_last(string inFlight)
    {
        using var bench = await Workbench.CreateAsync(azurite, $"stop-{inFlight.ToLowerInvariant()}");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=31"]));
        var control = new DurableRunControl(engine.Client, bench.Store, 1, TimeProvider.System);
        var arrived = gates.Hold(inFlight);
        await control.StartAsync(run, default);
        await arrived;

        await control.StopAsync(run, default);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Stopping);
        (await engine.StatusAsync(run)).ShouldBe(OrchestrationRuntimeStatus.Running);
        var before = gates.Ended.Count;
        gates.Release(inFlight);
        var end = await engine.EndOfAsync(run);

        (end.RuntimeStatus, end.ReadOutputAs<string>()).ShouldBe((OrchestrationRuntimeStatus.Completed, RunStates.Stopped));
        gates.Ended.Skip(before).ShouldBe([inFlight, SearchOrchestration.Record]);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Stopped);
        (await control.LookAsync(run, default)).ShouldNotBeNull().State.ShouldBeNull();
    }

    // The engine's own words, with the content and the headers of an answer, stood in run.json, on the terminal and on the page.
    [Fact]
    public async Task A_failure_is_recorded_on_one_line_and_without_secrets()
    {
        using var bench = await Workbench.CreateAsync(azurite, "recorded");
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=33"]));
        await bench.Activities.RecordAsync(
            new RecordInput(run, RunStates.Failed, "Server failed.\nRequestId:1\nStatus: 403 (Forbidden)\nGET /a?sv=1&sig=c2VjcmV0\n\nContent:\n<xml/>\n\nHeaders:\nDate: now"), default);
        (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Error.ShouldBe("Server failed. Status: 403 (Forbidden) GET /a?sv=1&sig=***");
    }

    [Fact]
    public async Task Units_that_wait_for_a_worker_when_the_run_is_stopped_compute_nothing_and_a_new_start_goes_on()
    {
        using var bench = await Workbench.CreateAsync(azurite, "stop-queued");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=32"]));
        var control = new DurableRunControl(engine.Client, bench.Store, 3, TimeProvider.System);
        var arrived = gates.Hold(ActivityNames.Evaluate);
        await control.StartAsync(run, default);
        await arrived;
        await control.StopAsync(run, default);
        await control.StopAsync(run, default);
        gates.Release(ActivityNames.Evaluate);
        await engine.EndOfAsync(run);
        (await bench.Store.ListAsync(BlobNames.ShardRoot)).ShouldBeEmpty();

        await control.StartAsync(run, default);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Finished);
    }

    [Fact]
    public async Task A_run_that_finishes_while_it_is_told_to_stop_is_finished()
    {
        using var bench = await Workbench.CreateAsync(azurite, "stop-late");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var run = await bench.RunLocallyAsync(Workbench.Specification([.. Workbench.Small, "seed=33"]));
        var control = new DurableRunControl(engine.Client, bench.Store, 3, TimeProvider.System);
        var arrived = gates.Hold(ActivityNames.Prepare);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync(SearchOrchestration.Name, new SearchInput(run, null, 1), new Microsoft.DurableTask.StartOrchestrationOptions(SearchOrchestration.InstanceOf(run)));
        await arrived;
        await control.StopAsync(run, default);
        gates.Release(ActivityNames.Prepare);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Finished);
    }
}
