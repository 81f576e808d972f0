using System.Text;
using Azure.Storage.Blobs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Storage;

/// <summary>
/// A whole run whose calls to the storage fail. In test.sh every call fails once, each in another way; with <c>BATCHEVAL_FAULTS=all</c> there
/// is a run for every call and every way in which it alone fails (an hour), with <c>BATCHEVAL_FAULTS=7</c> for every seventh call.
/// </summary>
public sealed class StorageFaultTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly Fault[] Kinds = [Fault.Reset, Fault.LostAnswer, Fault.Timeout, Fault.Busy, Fault.Precondition];

    private static readonly string[] Small =
    [
        "search.generations=1", "search.population=2", "search.elites=1", "search.mutants=1", "search.crossovers=0", "search.rungs=[8]", "validation.samples=8",
        "final.samples=24", "final.images=1", "reference.samples=8", "baselines=[\"trailing\"]", "execution.unitEvaluations=40", "execution.cellSamples=8",
    ];

    [Fact]
    public async Task A_run_recovers_from_every_call_that_fails()
    {
        var undisturbed = await RunAsync("none", _ => Fault.None);
        undisturbed.Storage.Calls.ShouldBeGreaterThan(100);
        for (var shift = 0; shift < Kinds.Length; shift += 2)
        {
            var run = await RunAsync($"shift-{shift}", n => Kinds[(n + shift) % Kinds.Length]);
            run.Leaderboard.ShouldBe(undisturbed.Leaderboard);
            run.Results.ShouldBe(undisturbed.Results);
            run.Storage.Failed.ShouldBeGreaterThan(undisturbed.Storage.Calls / 2);
        }

        if (Environment.GetEnvironmentVariable("BATCHEVAL_FAULTS") is { Length: > 0 } asked)
        {
            await OneByOneAsync(undisturbed.Leaderboard, undisturbed.Storage.Calls, asked == "all" ? 1 : int.Parse(asked));
        }
    }

    private async Task OneByOneAsync(string leaderboard, int calls, int every)
    {
        var (wrong, failed) = (new List<string>(), 0);
        for (var n = 1; n <= calls; n += every)
        {
            foreach (var kind in Kinds)
            {
                var container = $"only-{n}-{kind.ToString().ToLowerInvariant()}";
                try
                {
                    var run = await RunAsync(container, call => call == n ? kind : Fault.None);
                    failed += run.Storage.Failed;
                    if (run.Leaderboard != leaderboard)
                    {
                        wrong.Add($"{container}: another leaderboard");
                    }
                }
                catch (Exception error)
                {
                    wrong.Add($"{container}: {error.Message}");
                }
            }
        }

        Console.WriteLine($"{failed} calls failed alone, each in a run of its own.");
        wrong.ShouldBeEmpty();
    }

    private async Task<(string Leaderboard, IReadOnlyList<string> Results, FaultyStorage Storage)> RunAsync(string name, Func<int, Fault> choose)
    {
        var container = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(name);
        await container.CreateAsync();
        var storage = new FaultyStorage(choose);
        var options = new BlobClientOptions { Transport = storage };
        (options.Retry.MaxRetries, options.Retry.Delay) = (4, TimeSpan.FromMilliseconds(1));
        using var models = TinyRun.Models();
        var run = await TinyRun.RunAsync(new RunStore(new BlobServiceClient(azurite.ConnectionString, options).GetBlobContainerClient(name)), models, overrides: Small);
        var store = new RunStore(container);
        var blobs = await store.ListAsync(string.Empty);
        var leaderboard = (await store.ReadAsync(BlobNames.Result(run, "leaderboard.json"))).ShouldNotBeNull();
        return (Encoding.UTF8.GetString(leaderboard), [.. blobs.Select(b => b.Name).Where(n => n.StartsWith(BlobNames.ShardRoot, StringComparison.Ordinal))], storage);
    }
}
