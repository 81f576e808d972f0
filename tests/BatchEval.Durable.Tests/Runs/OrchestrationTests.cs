using System.Security.Cryptography;
using System.Text;
using BatchEval.Durable.Control;
using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Serialization;
using BatchEval.Durable.Tests.Engine;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using Microsoft.DurableTask.Client;
using Xunit.Abstractions;

namespace BatchEval.Durable.Tests.Runs;

/// <summary>The orchestrator with its real activities on the in-process engine and a real Azurite.</summary>
public sealed class OrchestrationTests(AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<AzuriteFixture>
{
    // The search whose workers tests/faults/kill_workers.py kills; docs/workers.md has the digest that is printed here.
    [Fact]
    public async Task A_run_on_the_engine_gives_the_bytes_of_the_local_runner()
    {
        var reduced = await File.ReadAllTextAsync(Path.Combine(RepoPaths.Root, "tests", "faults", "reduced.json"));
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(reduced, ["model=digits"]));
        using var local = await Workbench.CreateAsync(azurite, "local");
        var run = await local.RunLocallyAsync(specification);
        using var bench = await Workbench.CreateAsync(azurite, "engine");
        await using var engine = await InProcessEngine.StartAsync(bench.Activities);
        (await bench.SubmitAsync(specification)).ShouldBe(run);
        await new DurableRunControl(engine.Client, bench.Store, 3, TimeProvider.System).StartAsync(run, default);
        var end = await engine.EndOfAsync(run);
        (end.RuntimeStatus, end.ReadOutputAs<string>()).ShouldBe((OrchestrationRuntimeStatus.Completed, RunStates.Finished), end.FailureDetails?.ToString());
        DurableJson.Read<SearchStatus>(end.SerializedCustomStatus!)!.Stage.ShouldBe("final");
        (await bench.StateAsync(run)).ShouldBe(RunStates.Finished);
        foreach (var file in new[] { "leaderboard.json", "leaderboard.csv", "pareto.csv", "best/schedule.json" })
        {
            (await bench.ResultAsync(run, file)).ShouldBe(await local.ResultAsync(run, file));
        }

        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(await bench.ResultAsync(run))))[..12];
        output.WriteLine($"leaderboard.json {digest}, {(await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Evaluations.Computed} results");
    }

    [Fact]
    public async Task A_failing_unit_is_waited_for_with_its_neighbours_and_the_failure_is_recorded_last()
    {
        using var bench = await Workbench.CreateAsync(azurite, "failing");
        var gates = new ActivityGates { Fail = (name, input) => name == ActivityNames.Evaluate && input is UnitInput { Unit: 1 } ? new InvalidOperationException("no such operator") : null };
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        var run = await bench.SubmitAsync(Workbench.Specification([.. Workbench.Small, "seed=24"]));
        var control = new DurableRunControl(engine.Client, bench.Store, 2, TimeProvider.System);
        await control.StartAsync(run, default);
        (await engine.EndOfAsync(run)).RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Failed);
        gates.Ended.TakeLast(4).ShouldBe([ActivityNames.Plan, ActivityNames.Evaluate, ActivityNames.Evaluate, SearchOrchestration.Record]);
        gates.Ended.Count(n => n == SearchOrchestration.Record).ShouldBe(1);
        var status = await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run));
        (status.State, status.Error).ShouldBe((RunStates.Failed, "no such operator"));
        (await control.LookAsync(run, default)).ShouldNotBeNull().State.ShouldBe(RunStates.Failed);

        gates.Fail = (_, _) => null;
        await control.ResumeAsync(run, default);
        (await engine.EndOfAsync(run)).ReadOutputAs<string>().ShouldBe(RunStates.Finished);
        (await bench.StateAsync(run)).ShouldBe(RunStates.Finished);
    }

    [Fact]
    public async Task Bad_input_is_not_tried_again_and_leaves_nothing_behind()
    {
        using var bench = await Workbench.CreateAsync(azurite, "nowhere");
        const string run = "nowhere-01234567";
        var gates = new ActivityGates();
        await using var engine = await InProcessEngine.StartAsync(bench.Activities, gates);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync(SearchOrchestration.Name, new SearchInput(run, null, 2), new Microsoft.DurableTask.StartOrchestrationOptions(SearchOrchestration.InstanceOf(run)));
        (await engine.EndOfAsync(run)).FailureDetails.ShouldNotBeNull().ErrorMessage.ShouldContain("There is no run");
        gates.Ended.ShouldBe([ActivityNames.Prepare, SearchOrchestration.Record]);
        (await bench.StateAsync(run)).ShouldBeNull();
    }
}
