using BatchEval.Durable.Control;
using BatchEval.Durable.Orchestration;
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
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Advance, 1, "seed=41");
        await control.PauseAsync(run, default);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Paused);
        var evaluated = gates.Ended.Count(n => n == ActivityNames.Evaluate);
        var shards = (await bench.Store.ListAsync(BlobNames.ShardRoot)).Count;
        gates.Release(ActivityNames.Advance);
        await WaitsAsync(control, run);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Paused);
        (await engine.StatusAsync(run)).ShouldBe(OrchestrationRuntimeStatus.Running);
        gates.Ended.Count(n => n == ActivityNames.Evaluate).ShouldBeGreaterThan(evaluated, "a unit of the next round has asked");
        (await bench.Store.ListAsync(BlobNames.ShardRoot)).Count.ShouldBe(shards);

        await control.ResumeAsync(run, default);
        (await control.ProgressAsync(run, default)).ShouldNotBeNull().Paused.ShouldBeFalse();
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Finished);
    }

    [Fact]
    public async Task A_paused_run_is_stopped_without_beginning_another_unit()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause-stop");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Evaluate, 1, "seed=42");
        await control.PauseAsync(run, default);
        gates.Release(ActivityNames.Evaluate);
        await WaitsAsync(control, run);
        var shards = (await bench.Store.ListAsync(BlobNames.ShardRoot)).Count;
        await control.StopAsync(run, default);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Stopped);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Stopped);
        (await bench.Store.ListAsync(BlobNames.ShardRoot)).Count.ShouldBe(shards);
    }

    [Fact]
    public async Task Deleting_a_paused_run_waits_for_what_is_in_flight_and_leaves_nothing()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause-delete");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Advance, 1, "seed=43");
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

    // The second unit's answer "paused" once could arrive after the event that the run goes on, which the first had taken; it then waited for ever.
    [Fact]
    public async Task A_unit_that_answers_late_that_the_run_is_paused_goes_on_with_the_others()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause-late");
        var (late, asked) = (new TaskCompletionSource(), new TaskCompletionSource());
        var gates = new ActivityGates { After = After };
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Prepare, 3, "seed=44", "reference.samples=24");
        await control.PauseAsync(run, default);
        gates.Release(ActivityNames.Prepare);
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(10));
        await control.ResumeAsync(run, default);
        await UntilAsync(async () => (await bench.Store.ListAsync(BlobNames.ShardRoot)).Count > 0);
        late.SetResult();
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);

        Task After(object? input, object? output)
        {
            if (input is not UnitInput { Unit: 1 } || output is not UnitOutcome { Paused: true })
            {
                return Task.CompletedTask;
            }

            asked.TrySetResult();
            return late.Task;
        }
    }

    [Fact]
    public async Task A_run_that_has_not_heard_that_it_goes_on_is_called_paused_and_can_be_resumed_again()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause-unheard");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Prepare, 1, "seed=45");
        await control.PauseAsync(run, default);
        gates.Release(ActivityNames.Prepare);
        await WaitsAsync(control, run);
        // Whoever resumed it died after the first half of the order.
        await RunStatusFile.MarkAsync(bench.Store, run, RunStates.Running, null, TimeProvider.System);
        (await control.LookAsync(run, default)).ShouldNotBeNull().State.ShouldBe(RunStates.Paused);
        await control.ResumeAsync(run, default);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
    }

    [Fact]
    public async Task A_run_that_was_suspended_by_other_means_is_called_paused_and_resumed()
    {
        using var bench = await Workbench.CreateAsync(azurite, "pause-other");
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var (run, control) = await HeldAsync(bench, engine, gates, ActivityNames.Prepare, 1, "seed=46");
        await engine.Client.SuspendInstanceAsync(SearchOrchestration.InstanceOf(run));
        await UntilAsync(async () => (await control.LookAsync(run, default))?.State == RunStates.Paused);
        await control.ResumeAsync(run, default);
        (await control.LookAsync(run, default)).ShouldNotBeNull().State.ShouldBeNull();
        gates.Release(ActivityNames.Prepare);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
    }

    private static async Task<(string Run, DurableRunControl Control)> HeldAsync(Workbench bench, InProcessEngine engine, ActivityGates gates, string activity, int unitsInFlight, params string[] changes)
    {
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, .. changes]));
        var control = new DurableRunControl(engine.Client, bench.Store, unitsInFlight, TimeProvider.System, TimeSpan.FromMinutes(10));
        var arrived = gates.Hold(activity);
        await control.StartAsync(run, default);
        await arrived;
        return (run, control);
    }

    private static Task WaitsAsync(DurableRunControl control, string run) =>
        UntilAsync(async () => await control.ProgressAsync(run, default) is { Paused: true });

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 12_000 && !await condition(); i++)
        {
            await Task.Delay(50);
        }

        (await condition()).ShouldBeTrue();
    }
}
