using System.Text;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>The process dies after 1, 2, 3, ... storage calls and starts again from the store alone, until the run is done.</summary>
public sealed class CrashTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly string[] Changes =
    [
        "seed=23", "search.generations=1", "search.population=2", "search.elites=1", "search.mutants=1", "search.crossovers=0", "search.rungs=[4]",
        "validation.samples=4", "final.samples=24", "final.images=1", "reference.samples=2", "baselines=[\"trailing\"]",
    ];

    [Fact]
    public async Task A_crash_at_every_storage_call_changes_no_byte_of_the_result()
    {
        using var models = TinyRun.Models();
        var calm = await StoreAsync("calm");
        var run = await TinyRun.RunAsync(calm, models, overrides: Changes);

        var transport = new CrashingTransport();
        var stormy = await StoreAsync("stormy", transport);
        var crashes = 0;
        for (var calls = 1; ; calls++)
        {
            transport.Restart(calls);
            if (await LiveAsync(stormy, models))
            {
                break;
            }

            crashes++;
            crashes.ShouldBeLessThan(1000);
        }

        transport.Restart(int.MaxValue);
        crashes.ShouldBeGreaterThan(10);
        foreach (var file in new[] { "leaderboard.json", "leaderboard.csv", "pareto.csv", "best/schedule.json" })
        {
            (await TextAsync(stormy, run, file)).ShouldBe(await TextAsync(calm, run, file));
        }
    }

    private static async Task<bool> LiveAsync(RunStore store, ModelHost models)
    {
        try
        {
            await TinyRun.RunAsync(store, models, parallelism: 1, overrides: Changes);
            return true;
        }
        catch (Exception error) when (error is CrashException or AggregateException { InnerException: CrashException })
        {
            return false;
        }
    }

    private static async Task<string> TextAsync(RunStore store, string run, string file) =>
        Encoding.UTF8.GetString((await store.ReadAsync(BlobNames.Result(run, file))).ShouldNotBeNull($"{file} is missing"));

    private async Task<RunStore> StoreAsync(string container, HttpPipelineTransport? transport = null)
    {
        var options = new BlobClientOptions();
        if (transport is not null)
        {
            (options.Transport, options.Retry.MaxRetries) = (transport, 0);
        }

        await new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(container).CreateIfNotExistsAsync();
        return new RunStore(new BlobServiceClient(azurite.ConnectionString, options).GetBlobContainerClient(container));
    }
}
