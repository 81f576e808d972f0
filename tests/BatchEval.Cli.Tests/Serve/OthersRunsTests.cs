using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using BatchEval.Cli.Tests.Commands;
using BatchEval.Durable.Hubs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Serve;

/// <summary>A server on a store that others work on, too: it took up the runs of workers, marked them as failed, and "paused" what went on elsewhere.</summary>
public sealed class OthersRunsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Runs_of_workers_and_of_other_processes_are_left_to_them()
    {
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        await MakeAsync(store, "workers-00000001", "digits");
        await store.ChangeJsonAsync<RunHub>(BlobNames.Hub("workers-00000001"), _ => RunHub.Here("cpu", "digits", new string('a', 64)));
        await MakeAsync(store, "elsewhere-00000002", "a-model-that-is-not-here");
        await ClaimAsync("elsewhere-00000002", BlobNames.Claim("unit"));
        // It computes nothing at this moment: it plans a round, or draws conclusions from one.
        await MakeAsync(store, "between-00000003", "a-model-that-is-not-here");
        await ClaimAsync("between-00000003", BlobNames.Present("between-00000003", "box-1-1.json"));
        // A run that cannot even be read kept the server from starting.
        await MakeAsync(store, "damaged-00000004", "digits");
        await store.WriteTextOnceAsync(BlobNames.Model("damaged-00000004"), "not JSON");

        await using var serve = await ServeProcess.StartAsync(azurite.ConnectionString);

        foreach (var (run, method, path, words) in new[]
        {
            ("workers-00000001", "POST", "/pause", "was submitted to the workers of this store; 'batcheval control workers-00000001 <order> --on <connection>' reaches them"),
            ("workers-00000001", "POST", "/stop", "was submitted to the workers of this store"),
            ("elsewhere-00000002", "POST", "/pause", "is computed by box (process 1); pause it there (Ctrl-C), or stop it."),
            ("between-00000003", "POST", "/pause", "is computed by box (process 1); pause it there (Ctrl-C), or stop it."),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/runs/{run}{path}");
            using var answer = await serve.Client.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            ((int)answer.StatusCode).ShouldBe(409, text);
            ((string)System.Text.Json.Nodes.JsonNode.Parse(text)!["detail"]!).ShouldContain(words);
            // Neither taken up nor marked.
            ((string)(await serve.GetAsync($"/api/runs/{run}"))["state"]!).ShouldBe(RunStates.Running);
        }

        serve.Log.ShouldContain("Run workers-00000001 is not finished, and is left alone: it was submitted to the workers of this store");
        serve.Log.ShouldContain("Run elsewhere-00000002 is not finished, and is left alone: The model package 'a-model-that-is-not-here' was not found");
        serve.Log.ShouldContain("Run damaged-00000004 is not finished, and is left alone: ");
        foreach (var run in new[] { "elsewhere-00000002", "between-00000003" })
        {
            await store.ChangeJsonAsync<RunStatus>(BlobNames.Status(run), s => s! with { State = RunStates.Stopped });
            using var deleted = await serve.Client.DeleteAsync(new Uri($"/api/runs/{run}", UriKind.Relative));
            ((int)deleted.StatusCode).ShouldBe(409);
            (await deleted.Content.ReadAsStringAsync()).ShouldContain("is still computed by box (process 1); delete it once that has ended.");
        }
    }

    // A helper's claim on one unit kept the server's own part from being paused.
    [Fact]
    public async Task A_server_leaves_a_run_that_others_help_with()
    {
        await using var serve = await ServeProcess.StartAsync(azurite.ConnectionString);
        var specification = SpecificationOverrides.Apply(SmallRun.Specification("helped"), ["model=digits", "search.generations=500", "search.rungs=[400]"]);
        var (status, accepted) = await serve.PostAsync("/api/runs", specification);
        status.ShouldBe(202, accepted.ToJsonString());
        var run = (string)accepted["id"]!;
        await serve.PollAsync(run, s => (int)s["round"]! > 0);
        await ClaimAsync(run, BlobNames.Claim("helper"));

        var (code, refused) = await serve.PostAsync($"/api/runs/{run}/pause");

        (code, (string)refused["detail"]!).ShouldBe((409, $"Run '{run}' is computed by box (process 1); pause it there (Ctrl-C), or stop it. This server has left it."));
        serve.Log.ShouldContain($"Run {run} is held");
        ((string)(await serve.GetAsync($"/api/runs/{run}"))["state"]!).ShouldBe(RunStates.Running);
    }

    // Two processes, so that the storage's lease decides who computes what.
    [Fact]
    public async Task The_command_line_helps_a_server_with_the_same_run_and_says_who_works()
    {
        using var shell = new TestShell();
        string[] more = ["--set", "search.generations=4", "--set", "execution.unitEvaluations=20", "--set", "execution.cellSamples=10"];
        shell.Write("spec.json", SmallRun.Specification("together"));
        await using var serve = await ServeProcess.StartAsync(azurite.ConnectionString);
        var overrides = more.Where(m => m != "--set").ToArray();
        var (status, accepted) = await serve.PostAsync("/api/runs", SpecificationOverrides.Apply(SmallRun.Specification("together"), [.. overrides, "model=digits"]));
        status.ShouldBe(202, accepted.ToJsonString());

        var result = (await shell.RunAsync(["run", "spec.json", .. more, "--store", azurite.ConnectionString])).ShouldSucceed();

        var run = (string)accepted["id"]!;
        result.Error.ShouldMatch($@"\(process \d+\) works on run {run} too; this process computes other units of it\.");
        await serve.PollAsync(run, s => (string)s["state"]! == RunStates.Finished);
    }

    private static async Task MakeAsync(RunStore store, string run, string model)
    {
        await store.WriteTextOnceAsync(BlobNames.Specification(run), $$"""{ "name": "{{run[..^9]}}", "model": "{{model}}", "budget": { "networkCalls": 3 } }""");
        await store.ChangeJsonAsync<RunStatus>(BlobNames.Status(run), _ => new RunStatus(run, RunStates.Running, RunStage.Search, 1, EvaluationCounts.None, null, default, default, null));
    }

    // By a process of another machine, for good.
    private async Task ClaimAsync(string run, string name)
    {
        var blob = new BlobContainerClient(azurite.ConnectionString, BlobNames.Container).GetBlobClient(name);
        await blob.UploadAsync(new BinaryData(Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(new ClaimHolder("box", 1, 1, run), WorkflowJson.Options))));
        await blob.GetBlobLeaseClient().AcquireAsync(BlobLeaseClient.InfiniteLeaseDuration);
    }
}
