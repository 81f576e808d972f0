using BatchEval.Tests.Shared;
using BatchEval.Workflow.Schedules;
using BatchEval.Workflow.Scoring;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Schedule methods as the search of a run.</summary>
public sealed class ScheduleRunTests(AzuriteFixture first) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData("gits", "l2")]
    [InlineData("gits", "chord")]
    [InlineData("dmn", "l2")]
    public async Task A_schedule_method_is_a_search_like_any_other(string method, string distance)
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(first.ConnectionString);

        var run = await TinyRun.RunAsync(store, models, overrides: [$"search.method={method}", $"search.distance={distance}", "search.rungs=[20]", "baselines=[\"trailing\"]", "reference.samples=0", "final.images=0"]);

        var proposals = await store.RequireJsonAsync<ScheduleProposals>(BlobNames.Schedules(run));
        proposals.Schedules.ShouldAllBe(s => s.Times.Count == 3 && s.Name.StartsWith(method, StringComparison.Ordinal));
        (proposals.NetworkCalls > 0).ShouldBe(method == "gits");
        proposals.Schedules.ShouldAllBe(s => s.Name.Contains("chord", StringComparison.Ordinal) == (distance == "chord"));
        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        leaderboard.Best.ShouldNotBeNull().Name.ShouldBe("searched");
        proposals.Schedules.ShouldContain(s => s.Times.SequenceEqual(leaderboard.Best.Candidate.Steps.Select(step => step.Time)));
    }
}
