using BatchEval.Tests.Shared;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Tests.Runs;

/// <summary>The list of runs while others submit and delete some, and where a run stands whose model is elsewhere.</summary>
public sealed class RunListingTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    // One request forgot a run as gone that another one was about to sort.
    [Fact]
    public async Task Lists_that_are_asked_for_while_runs_come_and_go_are_answered()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "listing-races");
        await bench.FabricateAsync(name: "stays");
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        var changing = Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            while (!enough.IsCancellationRequested)
            {
                var run = await bench.FabricateAsync(name: $"comes{i}");
                await bench.Store.DeleteRunAsync(run);
            }
        }));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                var answer = await bench.GetAsync("/api/runs");
                answer.Status.ShouldBe(200, answer.Text + string.Join('\n', bench.Failures));
                answer.Json["runs"]!.AsArray().Select(r => (string)r!["id"]!).ShouldContain("stays-0123abcd");
            }
        }));
        await changing;
    }

    // It stayed on a later page, where its old time had put it.
    [Fact]
    public async Task A_run_that_another_process_deleted_and_submitted_again_comes_first()
    {
        var time = new Shifted();
        await using var bench = await ApiBench.CreateAsync(azurite, "listing-again", time: time);
        foreach (var i in Enumerable.Range(10, 30))
        {
            await bench.FabricateAsync(name: $"run{i}");
        }

        (await FirstAsync()).ShouldBe("run10-0123abcd");
        await bench.Store.DeleteRunAsync("run39-0123abcd");
        await bench.FabricateAsync("running", "run39");
        await bench.Store.ChangeJsonAsync<RunStatus>(BlobNames.Status("run39-0123abcd"), s => s! with { Started = s.Started.AddDays(1) });
        time.Ahead = TimeSpan.FromMinutes(1);
        (await FirstAsync()).ShouldBe("run39-0123abcd");

        async Task<string> FirstAsync() => (string)(await bench.GetAsync("/api/runs?limit=5")).Json["runs"]![0]!["id"]!;
    }

    // 0.0 % until it ended.
    [Fact]
    public async Task Share_and_time_left_of_a_run_need_its_forecast_and_not_its_model()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "listing-share");
        var run = "made-0123abcd";
        await bench.Store.WriteTextOnceAsync(BlobNames.Specification(run), """{ "name": "made", "model": "/models/elsewhere", "budget": { "networkCalls": 3 } }""");
        await bench.FabricateAsync("running");
        var before = (await bench.GetAsync($"/api/runs/{run}")).Json;
        (before["share"] is null, before["secondsLeft"] is null).ShouldBe((true, true));
        await bench.Store.WriteJsonOnceAsync(BlobNames.Forecast(run), new ForecastRound[] { new("search", 0, 0, 30), new("search", 0, 1, 90), new("final", 0, 0, 120) });
        var after = (await bench.GetAsync($"/api/runs/{run}")).Json;
        ((double)after["share"]!, (double)after["cost"]!["deviceSecondsLeft"]!).ShouldBe((0.5, 8));
    }

    // 401, upon which the pages asked for a function key.
    [Fact]
    public async Task A_file_of_the_server_that_it_may_not_read_is_its_own_failure()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "listing-rights");
        var run = await bench.FabricateAsync("running");
        bench.Look = () => throw new UnauthorizedAccessException("Access to the path '/models/unet.onnx' is denied.");
        var answer = await bench.GetAsync($"/api/runs/{run}");
        answer.ShouldBeProblem(500);
        answer.Text.ShouldNotContain("/models");
        bench.Failures.ShouldHaveSingleItem().ShouldBeOfType<UnauthorizedAccessException>();
    }

    private sealed class Shifted : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);
    }
}
