using BatchEval.Core.Json;
using BatchEval.Core.Search.Costs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Runs that search blocks of the bundled model, on a real Azurite.</summary>
public sealed class JointLocalRunTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly string[] Joint =
    [
        "name=joint", "budget={\"macs\":{\"share\":0.5,\"ofSteps\":6}}", "search.space=joint", "search.rungs=[8,24]", "reference.samples=0",
        "baselines=[\"trailing\",\"same-blocks\"]", "final.samples=24", "validation.samples=16",
    ];

    [Fact]
    public async Task A_run_over_steps_and_blocks_keeps_its_budget_and_reports_costs_that_it_measured_once()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var run = await TinyRun.RunAsync(store, models, overrides: Joint);
        var costs = await store.RequireJsonAsync<CostModel>(BlobNames.Costs(run));
        var board = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        costs.Blocks.Count.ShouldBe(13);
        board.Ranked().ShouldAllBe(s => s.Failure == null && s.Macs <= 3.000001 * costs.Macs && s.Milliseconds > 0 && s.PeakBytes == costs.PeakBytes);
        board.Ranked().ShouldAllBe(s => s.Milliseconds == Math.Round(costs.Of(s.Candidate).Milliseconds, 4));
        board.Baselines.Select(b => b.Name).ShouldBe(["trailing", "same-blocks"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("budget={\"macs\":1000}", "budget: The budget does not allow a single step")]
    [InlineData("search.space=times", "baselines: names 'same-blocks', which is a part of a search over blocks")]
    [InlineData("budget={\"networkCalls\":3,\"peakMegabytes\":0.001}", "budget: The budget allows 1000 bytes of memory")]
    public async Task Budgets_that_nothing_can_keep_start_nothing(string change, string message)
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        (await Should.ThrowAsync<ProblemException>(() => TinyRun.RunAsync(store, models, overrides: [.. Joint, change]))).Message.ShouldContain(message);
    }
}
