using BatchEval.Durable.Control;
using BatchEval.Durable.Tests.Engine;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Microsoft.DurableTask.Client;

namespace BatchEval.Durable.Tests.Runs;

/// <summary>Pause, resume and delete: what is in flight goes on, and neither overwrites the order nor outlives the run.</summary>
public sealed class PauseTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_round_that_ends_after_a_pause_leaves_the_run_paused_in_the_store_and_on_the_engine()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Advance, "seed=41");
        await control.PauseAsync(run, default);
        (await StatesAsync(bench, engine, control, run)).ShouldBe((RunStates.Paused, OrchestrationRuntimeStatus.Suspended, RunStates.Paused));
        gates.Release(ActivityNames.Advance);
        await UntilAsync(() => gates.Ended.Contains(ActivityNames.Advance));
        (await StatesAsync(bench, engine, control, run)).ShouldBe((RunStates.Paused, OrchestrationRuntimeStatus.Suspended, RunStates.Paused));

        await control.ResumeAsync(run, default);
        (await engine.StatusAsync(run)).ShouldNotBe(OrchestrationRuntimeStatus.Suspended);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Finished);
    }

    [Fact]
    public async Task A_paused_run_is_stopped_without_beginning_another_unit()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause-stop");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Evaluate, "seed=42");
        await control.PauseAsync(run, default);
        gates.Release(ActivityNames.Evaluate);
        await UntilAsync(() => gates.Ended.Contains(ActivityNames.Evaluate));
        var cells = (await bench.Store.ListAsync(BlobNames.CellRoot)).Count;
        await control.StopAsync(run, default);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Stopped);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Stopped);
        (await bench.Store.ListAsync(BlobNames.CellRoot)).Count.ShouldBe(cells);
    }

    [Fact]
    public async Task Deleting_a_paused_run_waits_for_what_is_in_flight_and_leaves_nothing()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause-delete");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Advance, "seed=43");
        await control.PauseAsync(run, default);
        var impatient = new DurableRunControl(engine.Client, bench.Store, 1, TimeProvider.System, TimeSpan.FromSeconds(1));
        (await impatient.ForgetAsync(run, default)).ShouldBeFalse();
        (await bench.StateAsync(run)).ShouldBe(RunStates.Stopping);

        var forget = control.ForgetAsync(run, default);
        gates.Release(ActivityNames.Advance);
        (await forget).ShouldBeTrue();
        await bench.Store.DeleteRunAsync(run);
        (await engine.StatusAsync(run)).ShouldBeNull();
        await Task.Delay(300);
        (await bench.Store.ListAsync($"{run}/")).ShouldBeEmpty();
    }

    private static async Task<(string Run, DurableRunControl Control)> HeldAsync(Workbench bench, InProcessEngine engine, ActivityGates gates, string activity, string seed)
    {
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, seed]));
        var control = new DurableRunControl(engine.Client, bench.Store, 1, TimeProvider.System);
        var arrived = gates.Hold(activity);
        await control.StartAsync(run, default);
        await arrived;
        return (run, control);
    }

    private static async Task<(string?, OrchestrationRuntimeStatus?, string?)> StatesAsync(Workbench bench, InProcessEngine engine, DurableRunControl control, string run) =>
        (await bench.StateAsync(run), await engine.StatusAsync(run), (await control.LookAsync(run, default))?.State);

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 600 && !condition(); i++)
        {
            await Task.Delay(50);
        }

        condition().ShouldBeTrue();
    }
}
