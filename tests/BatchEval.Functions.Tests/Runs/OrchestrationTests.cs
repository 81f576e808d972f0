using BatchEval.Functions.Tests.Replay;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Functions.Tests.Runs;

/// <summary>The orchestrator with its real activities on a real Azurite, replayed after every event.</summary>
public sealed class OrchestrationTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Three_generations_give_the_bytes_of_the_local_runner_whatever_ends_first_and_even_if_all_is_done_twice()
    {
        var specification = Workbench.Specification("seed=21", "search.generations=3", "search.rungs=[8,24]", "validation.samples=16", "final.samples=32", "reference.samples=8", "baselines=[\"trailing\"]");
        using var local = await Workbench.CreateAsync(azurite, "local");
        var run = await local.RunLocallyAsync(specification);
        var (turn, first, last) = (0, await Workbench.CreateAsync(azurite, "first"), await Workbench.CreateAsync(azurite, "last"));
        (Workbench Bench, DurableEngine Engine)[] ways =
        [
            (first, new DurableEngine(first.Activities) { Choose = count => turn++ % count }),
            (last, new DurableEngine(last.Activities) { Choose = count => count - 1, Twice = true }),
        ];
        foreach (var (bench, engine) in ways)
        {
            using (bench)
            {
                (await bench.SubmitAsync(specification)).ShouldBe(run);
                var outcome = await engine.RunAsync(run);
                outcome.Output.ShouldBe("finished", outcome.Error?.ToString());
                engine.Executions.ShouldBeGreaterThanOrEqualTo(3 * 2);
                engine.Replays.ShouldBeGreaterThan(engine.Executions);
                foreach (var file in new[] { "leaderboard.json", "leaderboard.csv", "pareto.csv" })
                {
                    (await bench.ResultAsync(run, file)).ShouldBe(await local.ResultAsync(run, file));
                }

                (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).State.ShouldBe("finished");
            }
        }

        ways[0].Engine.Actions.ShouldContain(a => a.StartsWith("status", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stop_ends_a_run_at_once_and_says_so()
    {
        using var bench = await Workbench.CreateAsync(azurite, "stop");
        var run = await bench.SubmitAsync(Workbench.Specification("seed=22"));
        var stopped = false;
        var engine = new DurableEngine(bench.Activities)
        {
            Interrupt = actions => actions >= 8 && !stopped && (stopped = true) ? new HistoryEvent(-1, Orchestration.SearchOrchestration.StopEvent, "\"enough\"") : null,
        };
        var outcome = await engine.RunAsync(run);
        outcome.Output.ShouldBe("stopped");
        outcome.Actions[^1].ShouldContain("Record");
        (await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).State.ShouldBe("stopped");
    }

    [Fact]
    public async Task Bad_input_is_not_tried_again_and_the_run_says_why_it_failed()
    {
        using var bench = await Workbench.CreateAsync(azurite, "failed");
        const string run = "nowhere-01234567";
        var outcome = await new DurableEngine(bench.Activities).RunAsync(run);
        outcome.Error.ShouldBeOfType<Microsoft.DurableTask.TaskFailedException>().FailureDetails.ErrorMessage.ShouldContain("There is no run");
        outcome.Activities.Select(a => a.Name).ShouldBe(["Prepare", "Record"]);
        var status = await bench.Store.RequireJsonAsync<RunStatus>(BlobNames.Status(run));
        (status.State, status.Error!.Contains("There is no run", StringComparison.Ordinal)).ShouldBe(("failed", true));
    }
}
