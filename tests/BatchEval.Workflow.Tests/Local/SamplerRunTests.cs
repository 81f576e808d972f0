using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Whole searches over a sampler's numbers on the bundled model and a real Azurite.</summary>
public sealed class SamplerRunTests(AzuriteFixture store) : IClassFixture<AzuriteFixture>
{
    private static readonly string[] Sampler =
    [
        "search.space=sampler", "search.population=6", "search.generations=4", "search.interval=2", "search.rungs=[16,32]", "baselines=[]",
        """candidates=[{"solver":"dpmpp-2m","steps":[{"t":640},{"t":400},{"t":150}]}]""",
    ];

    [Fact]
    public async Task An_interrupted_sampler_search_resumes_and_ends_in_the_same_bytes()
    {
        using var models = TinyRun.Models();
        var runs = await RunStore.OpenAsync(store.ConnectionString);
        using var interrupt = new CancellationTokenSource();
        string[] interrupted = [.. Sampler, "seed=21"];
        await Should.ThrowAsync<OperationCanceledException>(() => TinyRun.RunAsync(runs, models, 2, new Cancelling(9, interrupt), interrupt.Token, interrupted));
        var resumed = await Leaderboard(runs, models, 2, interrupted);
        var undisturbed = new AzuriteFixture();
        await undisturbed.InitializeAsync();
        try
        {
            (await Leaderboard(await RunStore.OpenAsync(undisturbed.ConnectionString), models, 1, interrupted)).ShouldBe(resumed);
        }
        finally
        {
            await undisturbed.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_winner_has_numbers_of_its_own_and_the_base_is_scored_beside_it()
    {
        using var models = TinyRun.Models();
        var runs = await RunStore.OpenAsync(store.ConnectionString);
        var run = await TinyRun.RunAsync(runs, models, overrides: [.. Sampler, "seed=22"]);
        var leaderboard = await runs.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        var searched = leaderboard.Ranked().Single(s => s.Name == "searched");
        searched.Candidate.HasNumbers.ShouldBeTrue();
        searched.Candidate.NetworkCalls.ShouldBe(3);
        leaderboard.Ranked().ShouldContain(s => s.Name == "candidate 1");
    }

    private static async Task<string> Leaderboard(RunStore runs, Workflow.Models.ModelHost models, int parallelism, string[] overrides)
    {
        var run = await TinyRun.RunAsync(runs, models, parallelism, overrides: overrides);
        return System.Text.Encoding.UTF8.GetString(await runs.ReadAsync(BlobNames.Result(run, "leaderboard.json")) ?? []);
    }

    private sealed class Cancelling(int after, CancellationTokenSource source) : IProgress<RoundProgress>
    {
        private int seen;

        public void Report(RoundProgress value)
        {
            if (Interlocked.Increment(ref seen) == after)
            {
                source.Cancel();
            }
        }
    }
}
