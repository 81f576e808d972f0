using System.Text.Json.Nodes;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Http.Tests.Runs;

public sealed class RunEndpointTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_specification_starts_one_run_however_often_it_is_sent()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "start");
        (await bench.PostAsync(TinyRun.Json.Replace("\"steps\": 6", "\"steps\": 2000", StringComparison.Ordinal), ("Idempotency-Key", "k1"))).Status.ShouldBe(400);
        var first = await bench.PostAsync(TinyRun.Json, ("Idempotency-Key", "k1"));
        first.Status.ShouldBe(202);
        var document = first.Json;
        var run = (string)document["id"]!;
        ((bool)document["created"]!, (string)document["statusUrl"]!, first.Headers["Location"]).ShouldBe((true, $"/api/runs/{run}", $"/api/runs/{run}"));
        ((string)document["statusQueryGetUri"]!).ShouldBe($"https://example.test/{run}");
        var again = (await bench.PostAsync(TinyRun.Json, ("Idempotency-Key", "k1"))).Json;
        ((string)again["id"]!, (bool)again["created"]!).ShouldBe((run, false));
        (await bench.PostAsync(TinyRun.Json + " ", ("Idempotency-Key", "k1"))).Status.ShouldBe(422);
        (await bench.PostAsync(TinyRun.Json, ("Idempotency-Key", new string('k', 300)))).Status.ShouldBe(400);
        (await bench.Store.ListRunsAsync()).ShouldBe([run]);
        bench.Orders.ShouldAllBe(o => o == $"start {run}");
    }

    [Fact]
    public async Task Every_file_of_a_run_has_its_route()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "files");
        var run = await bench.FabricateAsync();
        (string Path, string Type)[] files =
        [
            ("leaderboard", "application/json"), ("leaderboard?format=csv", "text/csv"), ("report", "text/html"), ("best", "application/json"), ("best/schedule.json", "application/json"),
            ("candidates/0123456789ab", "application/json"), ("candidates/0123456789ab/grid", "image/png"), ("candidates/0123456789ab/images/1", "image/png"),
        ];
        foreach (var (path, type) in files)
        {
            var answer = await bench.SendAsync("GET", $"/api/runs/{run}/{path}");
            (answer.Status, answer.ContentType!.Split(';')[0]).ShouldBe((200, type), path);
            answer.Body.Length.ShouldBeGreaterThan(0);
        }

        (await bench.SendAsync("GET", $"/api/runs/{run}/leaderboard", null, ("Accept", "text/csv"))).ContentType!.ShouldStartWith("text/csv");
        var status = (await bench.SendAsync("GET", $"/api/runs/{run}")).Json;
        ((string)status["state"]!, (double)status["cost"]!["deviceSeconds"]!, (string)status["cost"]!["currency"]!, (double)status["share"]!).ShouldBe(("finished", 6, "EUR", 1));
        (await bench.SendAsync("GET", "/api/runs")).Json["runs"]!.AsArray().Count.ShouldBe(1);
        (await bench.SendAsync("DELETE", $"/api/runs/{run}")).Status.ShouldBe(204);
        (await bench.Store.ListAsync($"{run}/")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_run_that_names_a_folder_has_the_model_of_the_service()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "folder");
        var (run, folder) = ("made-0123abcd", Path.Combine(RepoPaths.Samples, "digits"));
        await bench.Store.WriteTextOnceAsync(BlobNames.Specification(run), TinyRun.Json.Replace("\"digits\"", $"\"{folder}\"", StringComparison.Ordinal));
        await bench.FabricateAsync("stopped");

        var document = (await bench.GetAsync($"/api/runs/{run}")).Json;

        ((string)(await bench.GetAsync($"/api/runs/{run}/specification")).Json["model"]!, (string)document["model"]!, (string)document["links"]!["model"]!).ShouldBe((folder, "digits", "/api/models/digits"));
    }

    [Fact]
    public async Task A_folder_elsewhere_is_the_model_of_the_service_only_with_its_digest()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "elsewhere");
        using var models = TinyRun.Models();
        foreach (var (name, digest) in new[] { ("same", models.Find("digits").Digest), ("other", "0123"), ("unprepared", null) })
        {
            var run = $"{name}-0123abcd";
            await bench.Store.WriteTextOnceAsync(BlobNames.Specification(run), TinyRun.Json.Replace("\"digits\"", "\"/elsewhere/digits\"", StringComparison.Ordinal));
            if (digest is not null)
            {
                await bench.Store.WriteJsonOnceAsync(BlobNames.Model(run), new ModelRecord("digits", digest, string.Empty, string.Empty, null));
            }

            await bench.FabricateAsync("stopped", name);
            var document = (await bench.GetAsync($"/api/runs/{run}")).Json;
            ((string?)document["model"], (string?)document["links"]!["model"]).ShouldBe(("digits", name == "same" ? "/api/models/digits" : null), name);
        }
    }

    [Fact]
    public async Task Diffusers_folders_are_listed_shown_checked_and_started()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "captions");

        (await bench.GetAsync("/api/models")).Json["models"]!.AsArray().Select(m => (string)m!).ShouldContain("captions");
        var card = (await bench.GetAsync("/api/models/captions")).Json;
        card["templates"]!.AsObject().Select(t => t.Key).ShouldBe(["search.json"]);
        (await bench.GetAsync("/api/model-checks/captions")).Json["failed"]!.GetValue<int>().ShouldBe(0);
        var specification = (string)card["templates"]!["search.json"]!;
        var started = await bench.PostAsync(specification.Replace("\"model\": \".\"", "\"model\": \"captions\"", StringComparison.Ordinal));
        started.Status.ShouldBe(202, started.Text);
        var run = (string)started.Json["id"]!;
        (await bench.GetAsync($"/api/runs/{run}/specification")).Json["prompts"]!.AsArray().Count.ShouldBe(144);
    }

    [Theory]
    [InlineData("pending", "pause", 200, "pause")]
    [InlineData("running", "pause", 200, "pause")]
    [InlineData("paused", "pause", 200, null)]
    [InlineData("finished", "pause", 409, null)]
    [InlineData("stopped", "pause", 409, null)]
    [InlineData("paused", "resume", 200, "resume")]
    [InlineData("failed", "resume", 200, "resume")]
    [InlineData("running", "resume", 200, null)]
    [InlineData("stopped", "resume", 409, null)]
    [InlineData("running", "stop", 200, "stop")]
    [InlineData("paused", "stop", 200, "stop")]
    [InlineData("stopped", "stop", 200, null)]
    [InlineData("finished", "stop", 409, null)]
    [InlineData("running", "delete", 409, null)]
    [InlineData("stopped", "delete", 204, "forget")]
    public async Task Orders_go_with_the_state(string state, string verb, int status, string? order)
    {
        await using var bench = await ApiBench.CreateAsync(azurite, $"orders-{state}-{verb}");
        var run = await bench.FabricateAsync(state);
        var answer = verb == "delete" ? await bench.SendAsync("DELETE", $"/api/runs/{run}") : await bench.SendAsync("POST", $"/api/runs/{run}/{verb}");
        answer.Status.ShouldBe(status);
        bench.Orders.ShouldBe(order is null ? [] : [$"{order} {run}"]);
    }

    [Fact]
    public async Task The_description_in_docs_is_the_one_that_is_served()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "openapi");
        var served = (await bench.GetAsync("/api/openapi.json")).Text + "\n";
        var path = Path.Combine(RepoPaths.Root, "docs", "openapi.json");
        if (Environment.GetEnvironmentVariable("BATCHEVAL_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, served);
        }

        File.ReadAllText(path).ShouldBe(served, "Run the tests once with BATCHEVAL_UPDATE_DOCS=1.");
        var paths = JsonNode.Parse(served)!["paths"]!.AsObject();
        paths.Select(p => p.Value!.AsObject().Count).Sum().ShouldBe(34);
    }
}
