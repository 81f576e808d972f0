using BatchEval.Functions.Tests.Replay;
using BatchEval.Tests.Shared;

namespace BatchEval.Functions.Tests.Runs;

/// <summary>The process dies after 1, 2, 3, ... storage calls and starts again from the store alone, until the run is done.</summary>
public sealed class CrashTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_crash_at_every_storage_call_changes_no_byte_of_the_result()
    {
        var specification = Workbench.Specification(
            "seed=23", "search.generations=1", "search.population=2", "search.elites=1", "search.mutants=1", "search.crossovers=0", "search.rungs=[4]",
            "validation.samples=4", "final.samples=24", "final.images=1", "reference.samples=2", "baselines=[\"trailing\"]");
        using var calm = await Workbench.CreateAsync(azurite, "calm");
        var run = await calm.RunLocallyAsync(specification);

        var transport = new CrashingTransport();
        using var bench = await Workbench.CreateAsync(azurite, "stormy", transport);
        (await bench.SubmitAsync(specification)).ShouldBe(run);
        var crashes = 0;
        for (var calls = 1; ; calls++)
        {
            transport.Restart(calls);
            if (await LiveAsync(bench, run))
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
            (await bench.ResultAsync(run, file)).ShouldBe(await calm.ResultAsync(run, file));
        }
    }

    private static async Task<bool> LiveAsync(Workbench bench, string run)
    {
        try
        {
            return (await new DurableEngine(bench.Activities).RunAsync(run)).Output == "finished";
        }
        catch (Exception error) when (error is CrashException or AggregateException { InnerException: CrashException })
        {
            return false;
        }
    }
}
