using System.Text;
using BatchEval.Core.Json;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Whole runs on the bundled model and a real Azurite.</summary>
public sealed class LocalRunTests(AzuriteFixture first) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_run_ends_with_a_leaderboard_and_everything_beside_it()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);
        var run = await TinyRun.RunAsync(store, models, overrides: "seed=11");
        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        leaderboard.Best.ShouldNotBeNull().Name.ShouldBe("searched");
        leaderboard.Baselines.Select(b => b.Name).ShouldBe(["trailing", "trimmed-uniform", "random-search"], ignoreOrder: true);
        leaderboard.Ranked().ShouldAllBe(s => s.Failure == null && s.Of("fid")!.Value > 0 && s.Of("fid")!.Error > 0 && s.Of("fid")!.Samples == 72 && s.Pairs == 24 && s.Of("psnr")!.Value > 0 && s.Of("lpips")!.Value > 0);
        var status = await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run));
        (status.State, status.Evaluations.Reused).ShouldBe(("finished", 0));
        string[] files = [.. (await store.ListAsync($"{run}/")).Select(b => b.Name[(run.Length + 1)..])];
        files.ShouldContain("best/schedule.json");
        files.ShouldContain("best/diffusers.py");
        files.ShouldContain("report.html");
        files.ShouldContain($"candidates/{leaderboard.Best.Id}/images/000001.png");
        files.ShouldContain($"candidates/{leaderboard.Best.Id}/grid.png");
    }

    [Fact]
    public async Task The_same_specification_is_the_same_run_and_computes_nothing_again()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);
        var run = await TinyRun.RunAsync(store, models, overrides: "seed=12");
        var before = await store.ListAsync(string.Empty);
        var units = new Units();
        (await TinyRun.RunAsync(store, models, progress: units, overrides: "seed=12")).ShouldBe(run);
        units.Count.ShouldBe(0);
        // Its status once was written again, with another time; whether that was seen depended on the second in which it happened.
        (await store.ListAsync(string.Empty)).ShouldBe(before);
        var status = await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run));
        await TinyRun.RunAsync(store, models, overrides: "seed=12");
        (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).Updated.ShouldBe(status.Updated);
    }

    [Fact]
    public async Task Another_run_that_needs_the_same_cells_finds_them()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);
        await TinyRun.RunAsync(store, models, overrides: "seed=13");
        var other = await TinyRun.RunAsync(store, models, overrides: ["seed=13", "name=other"]);
        var status = await store.RequireJsonAsync<RunStatus>(BlobNames.Status(other));
        status.Evaluations.Computed.ShouldBe(0);
        status.Evaluations.Reused.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_interrupted_run_resumes_and_ends_in_the_same_bytes()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);
        using var interrupt = new CancellationTokenSource();
        var units = new Units { After = 7, Then = interrupt.Cancel };
        await Should.ThrowAsync<OperationCanceledException>(() => TinyRun.RunAsync(store, models, 2, units, interrupt.Token, "seed=14"));
        var finished = (await store.ListAsync(BlobNames.ShardRoot)).Where(b => b.Name.EndsWith("result.json", StringComparison.Ordinal)).ToList();
        finished.Count.ShouldBeGreaterThan(0);

        var run = await TinyRun.RunAsync(store, models, overrides: "seed=14");

        (await store.ListAsync(BlobNames.ShardRoot)).Intersect(finished).Count().ShouldBe(finished.Count);
        var undisturbed = new AzuriteFixture();
        await undisturbed.InitializeAsync();
        try
        {
            var other = await RunStore.OpenAsync(undisturbed.ConnectionString);
            (await TinyRun.RunAsync(other, models, parallelism: 1, overrides: ["seed=14", "execution.batchSize=5", "execution.unitEvaluations=1000"])).ShouldBe(run);
            foreach (var file in new[] { "leaderboard.json", "leaderboard.csv", "pareto.csv" })
            {
                Encoding.UTF8.GetString((await store.ReadAsync(BlobNames.Result(run, file)))!)
                    .ShouldBe(Encoding.UTF8.GetString((await other.ReadAsync(BlobNames.Result(run, file)))!));
            }
        }
        finally
        {
            await undisturbed.DisposeAsync();
        }
    }

    [Fact]
    public async Task Every_activity_run_twice_at_once_changes_nothing()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);
        var run = await TinyRun.RunAsync(store, models, overrides: "seed=15");
        var before = await store.ListAsync(BlobNames.ShardRoot);
        var board = await store.ReadAsync(BlobNames.Result(run, "leaderboard.json"));
        var (prepare, plan) = (new PrepareActivity(store, models, TimeProvider.System), new PlanActivity(store, models));
        var (evaluate, advance) = (new EvaluateActivity(store, models, TimeProvider.System), new AdvanceActivity(store, models, TimeProvider.System));
        await Task.WhenAll(prepare.RunAsync(new(run)), prepare.RunAsync(new(run)));
        await Task.WhenAll(plan.RunAsync(new(run, 1)), plan.RunAsync(new(run, 1)));
        await Task.WhenAll(evaluate.RunAsync(new(run, 1, 0)), evaluate.RunAsync(new(run, 1, 0)));
        await Task.WhenAll(advance.RunAsync(new(run, 1)), advance.RunAsync(new(run, 1)));
        (await store.ListAsync(BlobNames.ShardRoot)).ShouldBe(before);
        (await store.ReadAsync(BlobNames.Result(run, "leaderboard.json"))).ShouldBe(board);
    }

    [Theory]
    [InlineData("budget.networkCalls=1001", "budget.networkCalls: A search over more than 1000 steps is empty; the model allows 1 to 1000 steps")]
    [InlineData("reference.steps=2000", "reference.steps: 2000 steps asked of a model trained on 1000")]
    [InlineData("model=nowhere", "The model package 'nowhere' was not found")]
    [InlineData("conditions.label=11", "Label 11 does not exist")]
    [InlineData("candidates=[{\"solver\":\"ddim\",\"steps\":[{\"t\":1500}]}]", "candidates[0]: t = 1500 lies outside")]
    public async Task What_does_not_fit_the_model_starts_nothing(string change, string message)
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);
        var before = await store.ListRunsAsync();
        (await Should.ThrowAsync<ProblemException>(() => TinyRun.RunAsync(store, models, overrides: change))).Message.ShouldContain(message);
        (await store.ListRunsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task What_names_no_storage_is_refused() =>
        (await Should.ThrowAsync<ProblemException>(() => RunStore.OpenAsync("UseDevelopmentStorage=maybe"))).Message.ShouldContain("neither a connection string nor an address");
}
