using System.Net;
using Azure.Storage.Blobs;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Serve;

/// <summary>The HTTP server as a process of its own: driven by HTTP alone, killed, and started again.</summary>
public sealed class ServeTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Specification = """
        { "name": "served", "model": "digits", "seed": 31, "budget": { "networkCalls": 3 },
          "search": { "population": 4, "generations": 3, "elites": 2, "mutants": 2, "crossovers": 1, "rungs": [8, 24] },
          "validation": { "samples": 16, "elites": 1 }, "final": { "samples": 32, "images": 2 },
          "reference": { "steps": 6, "samples": 8 }, "baselines": ["trailing"], "execution": { "unitEvaluations": 60, "cellSamples": 8 } }
        """;

    [Fact]
    public async Task A_run_that_is_paused_killed_and_resumed_ends_in_the_bytes_of_an_undisturbed_one()
    {
        string run;
        await using (var serve = await ServeProcess.StartAsync(azurite.ConnectionString))
        {
            var (status, accepted) = await serve.PostAsync("/api/runs", Specification);
            status.ShouldBe(202, accepted.ToJsonString());
            run = (string)accepted["id"]!;
            await serve.PollAsync(run, s => (int)s["round"]! >= 2 || (string)s["state"]! == "finished");
            var paused = (await serve.PostAsync($"/api/runs/{run}/pause")).Document;
            ((string)paused["state"]!).ShouldBe("paused", paused.ToJsonString());
        }

        await using (var serve = await ServeProcess.StartAsync(azurite.ConnectionString))
        {
            ((string)(await serve.GetAsync($"/api/runs/{run}"))["state"]!).ShouldBe("paused");
            (await serve.PostAsync($"/api/runs/{run}/resume")).Status.ShouldBe(200);
            var before = await serve.PollAsync(run, s => (int)s["round"]! >= 4 || (string)s["state"]! == "finished");
            ((int)before["counts"]!["computed"]!).ShouldBeGreaterThan(0);
        }

        // Killed while running: it goes on by itself.
        await using (var serve = await ServeProcess.StartAsync(azurite.ConnectionString))
        {
            await serve.PollAsync(run, s => (string)s["state"]! == "finished");
            await CheckResultAsync(serve, run);
        }
    }

    [Fact]
    public async Task Strangers_are_turned_away_and_the_page_is_self_contained()
    {
        await using var serve = await ServeProcess.StartAsync(azurite.ConnectionString);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/api/runs") { Headers = { Host = "evil.example" } };
        (await serve.Client.SendAsync(rebound)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var forged = new HttpRequestMessage(HttpMethod.Post, "/api/runs/a-00000000/stop");
        forged.Headers.Add("Origin", "http://evil.example");
        (await serve.Client.SendAsync(forged)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var traversal = await serve.Client.GetAsync(new Uri("/api/runs/a-00000000/best/..%2f..%2fx", UriKind.Relative));
        traversal.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var large = new ByteArrayContent(new byte[2 << 20]) { Headers = { ContentType = new("application/json") } };
        (await serve.Client.PostAsync(new Uri("/api/runs", UriKind.Relative), large)).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        var page = await serve.Client.GetStringAsync(new Uri("/", UriKind.Relative));
        page.ShouldContain("<title>BatchEval</title>");
        page.ShouldNotContain("src=\"http");
    }

    [Theory]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400)]
    [InlineData("GET /api/runs/a%00b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400)]
    [InlineData("nonsense\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505)]
    public async Task What_Kestrel_itself_refuses_is_explained_as_all_else(string request, int status)
    {
        await using var serve = await ServeProcess.StartAsync(azurite.ConnectionString);
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, serve.Client.BaseAddress!.Port);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        var answer = (await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1))).Split("\r\n\r\n", 2);

        answer[0].ShouldStartWith($"HTTP/1.1 {status} ");
        answer[0].ShouldContain($"Content-Length: {answer[1].Length}");
        answer[0].ShouldContain("Content-Type: application/problem+json");
        var problem = System.Text.Json.Nodes.JsonNode.Parse(answer[1])!;
        ((int)problem["status"]!, (string)problem["type"]!).ShouldBe((status, "about:blank"));
        ((string)problem["detail"]!).ShouldNotBeEmpty();
    }

    private async Task CheckResultAsync(ServeProcess serve, string run)
    {
        var container = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient("undisturbed");
        await container.CreateIfNotExistsAsync();
        using var models = new ModelHost(new DeviceOptions(), [RepoPaths.Samples]);
        var store = new RunStore(container);
        var (same, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(SpecificationJson.Read(Specification));
        same.ShouldBe(run);
        await new LocalRunner(store, models, 1, TimeProvider.System).RunAsync(run);
        foreach (var (path, blob) in new[] { ("leaderboard", "leaderboard.json"), ("leaderboard?format=csv", "leaderboard.csv"), ("best/schedule.json", "best/schedule.json") })
        {
            (await serve.Client.GetByteArrayAsync(new Uri($"/api/runs/{run}/{path}", UriKind.Relative))).ShouldBe(await store.ReadAsync(BlobNames.Result(run, blob)), path);
        }

        var best = (string)(await serve.GetAsync($"/api/runs/{run}/leaderboard"))["best"]!["id"]!;
        var grid = await serve.Client.GetByteArrayAsync(new Uri($"/api/runs/{run}/candidates/{best}/grid", UriKind.Relative));
        grid.AsSpan(1, 3).SequenceEqual("PNG"u8).ShouldBeTrue();
        (await serve.Client.GetStringAsync(new Uri($"/api/runs/{run}/report", UriKind.Relative))).ShouldContain("<html");
    }
}
