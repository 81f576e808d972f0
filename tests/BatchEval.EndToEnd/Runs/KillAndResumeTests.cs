using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using BatchEval.Tests.Shared;

namespace BatchEval.EndToEnd.Runs;

/// <summary><c>kill -9</c> in the middle of a run, as a user would see it.</summary>
public sealed class KillAndResumeTests : IAsyncLifetime
{
    private readonly AzuriteFixture azurite = new();

    public static TheoryData<string> Specifications =>
    [
        $$"""
        { "name": "killed", "model": "{{Path.Combine(RepoPaths.Samples, "digits")}}", "seed": 5, "budget": { "networkCalls": 3 },
          "search": { "population": 6, "generations": 2, "elites": 2, "mutants": 3, "crossovers": 2, "rungs": [16, 64] },
          "validation": { "samples": 48, "elites": 1 }, "final": { "samples": 96, "images": 2 },
          "reference": { "steps": 10, "samples": 32 }, "baselines": ["trailing", "random-search"],
          "execution": { "unitEvaluations": 200 } }
        """,
        // A text-to-image pipeline: text encoder, guidance, decoder.
        $$"""
        { "name": "killed-pipeline", "model": "{{Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", "sd15")}}", "seed": 5, "budget": { "networkCalls": 3 },
          "prompts": ["a red cat", { "prompt": "cat", "negative": "blue dog" }], "conditions": { "guidanceScale": 7.5 }, "objective": { "metric": "psnr" },
          "search": { "population": 4, "generations": 2, "elites": 1, "mutants": 2, "crossovers": 1, "rungs": [8] },
          "validation": { "samples": 8, "elites": 1 }, "final": { "samples": 16, "images": 2 },
          "reference": { "steps": 10, "samples": 16 }, "baselines": ["trailing", "random-search"],
          "execution": { "unitEvaluations": 60 } }
        """,
    ];

    public Task InitializeAsync() => azurite.InitializeAsync();

    public Task DisposeAsync() => azurite.DisposeAsync();

    [Theory]
    [MemberData(nameof(Specifications))]
    public async Task A_killed_run_resumes_without_computing_a_finished_unit_again_and_ends_in_the_same_bytes(string specification)
    {
        using var tool = new Tool();
        var spec = tool.Write("search.json", specification);
        using (var victim = tool.Start("run", spec, "--store", azurite.ConnectionString, "--json", "--parallel", "2"))
        {
            await UntilAsync(async () => (await CellsAsync(azurite)).Count >= 6 || victim.HasExited);
            victim.Kill();
            await victim.WaitForExitAsync();
            victim.ExitCode.ShouldNotBe(0, "the run must be interrupted, not finished, for this test to mean anything");
        }

        var finished = await CellsAsync(azurite);
        var (code, output, error) = await tool.RunAsync("run", spec, "--store", azurite.ConnectionString, "--json");
        code.ShouldBe(0, error);
        var after = await CellsAsync(azurite);
        finished.ShouldAllBe(shard => after[shard.Key] == shard.Value);
        after.Count.ShouldBeGreaterThan(finished.Count);

        var run = JsonDocument.Parse(output).RootElement.GetProperty("run").GetString()!;
        (await UndisturbedAsync(tool, spec, run)).ShouldBe(await LeaderboardAsync(azurite, run));
        await AnswersAtOnceAsync(tool, spec, after);
    }

    private async Task AnswersAtOnceAsync(Tool tool, string spec, SortedDictionary<string, DateTimeOffset> shards)
    {
        var (code, output, error) = await tool.RunAsync("run", spec, "--store", azurite.ConnectionString, "--json");
        code.ShouldBe(0, error);
        (await CellsAsync(azurite)).ShouldBe(shards);
        JsonDocument.Parse(output).RootElement.GetProperty("state").GetString().ShouldBe("finished");
    }

    private static async Task<string> UndisturbedAsync(Tool tool, string spec, string run)
    {
        var other = new AzuriteFixture();
        await other.InitializeAsync();
        try
        {
            var (code, _, error) = await tool.RunAsync("run", spec, "--store", other.ConnectionString, "--json", "--parallel", "1");
            code.ShouldBe(0, error);
            return await LeaderboardAsync(other, run);
        }
        finally
        {
            await other.DisposeAsync();
        }
    }

    private static async Task<SortedDictionary<string, DateTimeOffset>> CellsAsync(AzuriteFixture azurite)
    {
        var shards = new SortedDictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var container = new BlobContainerClient(azurite.ConnectionString, "runs");
        if (await container.ExistsAsync())
        {
            await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, "_cells/", default))
            {
                if (blob.Name.EndsWith("/result.json", StringComparison.Ordinal))
                {
                    shards[blob.Name] = blob.Properties.LastModified!.Value;
                }
            }
        }

        return shards;
    }

    private static async Task<string> LeaderboardAsync(AzuriteFixture azurite, string run) =>
        (await new BlobContainerClient(azurite.ConnectionString, "runs").GetBlobClient($"{run}/leaderboard.json").DownloadContentAsync()).Value.Content.ToString();

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(Tool.Patience);
        while (!await condition())
        {
            await Task.Delay(20, timeout.Token);
        }
    }
}
